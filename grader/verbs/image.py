"""`image`: build the container image in which submissions are graded."""

from __future__ import annotations

import argparse

from grader.batch import container, image
from grader.score import FULL, NOT_GRADABLE
from grader.verbs.grade import complain


def run(_: argparse.Namespace) -> int:
    """Build the image if it is missing or old; return 0, or 3 where that cannot be done."""
    try:
        engine = container.find()
        built = image.ensure(engine)
    except (container.NoEngine, image.NotBuilt) as error:
        return complain(str(error), NOT_GRADABLE)
    size = int(engine.run("image", "inspect", "--format={{.Size}}", container.IMAGE).stdout)
    print(f"{container.IMAGE}: {built[:19]}, {size // 1_000_000} MB")
    return FULL
