"""`new`: begin a lab: a manifest, a skeleton, a solution, a check, a mutant and an alternative that work."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from grader import paths
from grader.manifest import ManifestError, all_labs
from grader.score import FULL, WRONG_USE
from grader.verbs.grade import complain

TEMPLATES = Path(__file__).parent.parent / "templates"
FILES = {
    "lab.toml.j2": "labs/{slug}/lab.toml",
    "Makefile.j2": "labs/{slug}/Makefile",
    "skeleton.c.j2": "labs/{slug}/{slug}.c",
    "solution.c.j2": "solutions/{slug}/{slug}.c",
    "notes.md.j2": "solutions/{slug}/NOTES.md",
    "test_lab.py.j2": "grader/checks/{slug}/test_{slug}.py",
    "mutant.patch.j2": "grader/checks/{slug}/mutants/01-no-newline.patch",
    "alternative.c.j2": "grader/checks/{slug}/alternatives/stdio/{slug}.c",
    "handout.md.j2": "handouts/{slug}.md",
}


def run(args: argparse.Namespace) -> int:
    """Write the files of a new lab; return 2 if there is such a lab, or can be none of that name."""
    slug = args.lab
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        return complain(f"{slug!r} is no name for a lab: small letters, digits and _", WRONG_USE)
    targets = {name: paths.ROOT / path.format(slug=slug) for name, path in FILES.items()}
    taken = [path for path in targets.values() if path.exists()]
    try:
        order = 1 + max((lab.order for lab in all_labs(paths.ROOT)), default=0)
    except ManifestError as error:
        return complain(str(error), WRONG_USE)
    if taken:
        return complain(f"{taken[0].relative_to(paths.ROOT)} is there already", WRONG_USE)
    for name, path in targets.items():
        _write(name, path, slug, order)
        print(path.relative_to(paths.ROOT))
    print(f"\nmake selftest LAB={slug} proves it as it is; CONTRIBUTING.md tells how to go on.")
    return FULL


def _write(name: str, path: Path, slug: str, order: int) -> None:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"slug": slug, "title": slug.capitalize(), "order": order}
    path.write_text(environment.get_template(name).render(facts), "utf-8")
