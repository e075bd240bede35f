"""Every concept of a lab is taught by its handout, practised by a part and proved by checks."""

from __future__ import annotations

import pytest

from grader import paths
from grader.concept import Concept, explained_in, handout
from grader.manifest import Lab, ManifestError, all_labs, load_lab
from grader.selftest.trees import Tree

LABS = {lab.id: lab for lab in all_labs(paths.ROOT)}


@pytest.mark.parametrize("lab", LABS.values(), ids=LABS)
def test_the_handout_explains_each(lab: Lab) -> None:
    text = handout(lab.id).read_text("utf-8")
    assert [each.section for each in lab.concepts if not explained_in(text, each)] == []


def test_where_a_concept_is_explained() -> None:
    text = "# A\nTraversal is hard.\n\n**Traversal.** So.\n## Traversal\n"
    assert explained_in(text, Concept("", "Traversal", ())) == 4
    assert explained_in(text, Concept("", "Links", ())) == 0


@pytest.mark.parametrize(
    "old, new, what",
    [
        ('checks = ["hello.says"]', 'checks = ["hello.say"]', "did you mean hello.says"),
        ('checks = ["hello.says"]', "checks = []", "no concept names a check of part project"),
        ('section = "Writing"', "", "missing key 'section'"),
    ],
)
def test_mistakes_are_told(tree: Tree, old: str, new: str, what: str) -> None:
    manifest = tree.root / "labs" / "demo" / "lab.toml"
    whole = manifest.read_text("utf-8")
    manifest.write_text(whole.replace(old, new), "utf-8")
    try:
        with pytest.raises(ManifestError, match=f"labs/demo/lab.toml:[0-9]+: .*{what}"):
            load_lab(tree.root, "demo")
    finally:
        manifest.write_text(whole, "utf-8")


def test_the_table(tree: Tree) -> None:
    done = tree.run("list", "--concepts")
    assert done.returncode == 0
    assert "taught in" in done.stdout and "hello.says" in done.stdout
