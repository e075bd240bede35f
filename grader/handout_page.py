"""A handout as a page: HTML with everything in it, to be read on a screen or printed to PDF."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path

from grader.handout import PICTURE, Handout, slug

TEMPLATES = Path(__file__).parent / "templates"
_PICTURE = re.compile(rf"^```{PICTURE} (?P<file>\S+)\n.*?^```[ \t]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^<!--.*?^-->\n?", re.MULTILINE | re.DOTALL)
_IMAGE = re.compile(r'<img alt="(?P<alt>[^"]*)" src="(?P<file>[^":]+\.svg)"[^>]*>')
_COMMAND = re.compile(r"^(\$|&gt;) .*$", re.MULTILINE)


class NoPicture(RuntimeError):
    """graphviz does not draw a picture; the text says why."""


def page(handout: Handout, folder: Path) -> str:
    """Return the page. Raises NoPicture, OSError, ModuleNotFoundError without python3-markdown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markdown import Markdown

    text = _COMMENT.sub("", handout.text)
    pictures: list[str] = []

    def keep(match: re.Match[str]) -> str:
        pictures.append(drawn(folder / match["file"]))
        return f"\n<figure>picture-{len(pictures) - 1}</figure>\n"

    text = re.sub(r"^```session.*$", "```console", _PICTURE.sub(keep, text), flags=re.MULTILINE)
    converter = Markdown(
        extensions=["fenced_code", "tables", "toc"],
        extension_configs={"toc": {"slugify": lambda text, _: slug(text)}},
    )
    body = converter.convert(text)
    for number, svg in enumerate(pictures):
        body = body.replace(f"picture-{number}</figure>", f"{svg}</figure>")
    body = _IMAGE.sub(lambda image: _inline(folder / image["file"], image["alt"]), body)
    body = re.sub(r'(?s)(?<=class="language-console">).*?(?=</code>)', _commands, body)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False
    )
    title = re.match(r"# (.+)", handout.text)
    return environment.get_template("handout.html.j2").render(
        title=html.escape(title[1].replace("`", "") if title else handout.name), body=_linked(body)
    )


def drawn(file: Path) -> str:
    """Return a picture that graphviz draws of a .dot file, as SVG to be put into a page."""
    argv = ["dot", "-Tsvg", str(file)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoPicture("missing dot: apt-get install graphviz") from None
    if done.returncode != 0:
        raise NoPicture(f"{file.name}: {done.stderr.strip()}")
    return done.stdout[done.stdout.index("<svg") :]


def _inline(file: Path, alt: str) -> str:
    svg = file.read_text("utf-8")
    return f'<figure aria-label="{alt}">{svg[svg.index("<svg"):]}</figure>'


def _commands(block: re.Match[str]) -> str:
    return _COMMAND.sub(lambda line: f"<kbd>{line[0]}</kbd>", block[0])


def _linked(body: str) -> str:
    """Links from handout to handout lead from page to page."""
    return re.sub(r'href="([\w-]+)\.md(#[^"]*)?"', r'href="\1.html\2"', body)
