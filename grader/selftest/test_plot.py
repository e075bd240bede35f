"""Tables of measurements as pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from grader import cli
from grader.plot import Axis, BadTable, Line, draw, read_table

SVG = "{http://www.w3.org/2000/svg}"
TABLE = """\
descriptors,active,select_us,poll_us,epoll_us
10,10,0.06,0.05,0.08
1000,10,2.5,2.3,0.065
10000,10,,48.5,0.065
"""


def table(folder: Path, text: str = TABLE) -> Path:
    path = folder / "table.csv"
    path.write_text(text, "utf-8")
    return path


def drawn(path: Path, **words: str) -> ElementTree.Element:
    return ElementTree.fromstring(draw(read_table(path), **{"title": "T", **words}))


def test_a_table_is_lines_with_gaps(tmp_path: Path) -> None:
    found = read_table(table(tmp_path))
    assert (found.x, found.unit) == ("descriptors", "microseconds")
    assert [line.name for line in found.lines] == ["select", "poll", "epoll"]
    assert found.lines[0] == Line("select", ((10, 0.06), (1000, 2.5)))


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "table.csv:1: the first line must name x"),
        ("a,b\n1,2\n", "table.csv:1: the first line must name x"),
        ("a_us,b_us\n1,2\n", "table.csv:1: the first line must name x"),
        ("n,a_us,b_ms\n1,2,3\n", "table.csv:1: the first line must name x"),
        ("n,a_us,b_us,c_us,d_us,e_us\n", "table.csv:1: the first line must name x"),
        ("n,a_us\n", "table.csv:2: no measurement"),
        ("n,a_us\n1,\n", "table.csv:2: no measurement"),
        ("n,a_us\n1,2\n2\n", "table.csv:3: 1 fields, not 2"),
        ("n,a_us\n1,fast\n", "table.csv:2: 'fast' is not a number above 0"),
        ("n,a_us\n0,1\n", "table.csv:2: '0' is not a number above 0"),
        ("n,a_us\n1,-1\n", "'-1' is not"),
        ("n,a_us\n1,nan\n", "'nan' is not"),
        ("n,a_us\n1,inf\n", "'inf' is not"),
    ],
)
def test_tables_that_cannot_be_drawn(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(BadTable) as caught:
        read_table(table(tmp_path, text))
    assert words in str(caught.value)


def test_bytes_that_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"n,a_us\n\xff\xfe\n")
    with pytest.raises(BadTable, match="table.csv:1: not a table"):
        read_table(tmp_path / "table.csv")


def test_a_logarithmic_axis() -> None:
    axis = Axis(0.1, 100, 0, 300)
    assert (axis.at(0.1), axis.at(1), axis.at(10), axis.at(100)) == (0, 100, 200, 300)
    assert axis.decades() == [(0, "0.1"), (100, "1"), (200, "10"), (300, "100")]
    assert len(axis.between()) == 24 and all(0 < at < 300 for at in axis.between())


def test_the_picture(tmp_path: Path) -> None:
    picture = drawn(table(tmp_path), title="Waiting", label="microseconds per event")
    texts = [element.text for element in picture.iter(f"{SVG}text")]
    assert {"Waiting", "descriptors", "microseconds per event", "10,000", "0.01"} <= set(texts)
    assert texts.count("select") == 2  # at the line and in the legend
    lines = [element.get("points", "").split() for element in picture.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [2, 3, 3]
    places = [tuple(map(float, point.split(","))) for points in lines for point in points]
    assert all(0 < x < 720 and 0 < y < 440 for x, y in places)
    assert "prefers-color-scheme: dark" in ElementTree.tostring(picture, "unicode")


def test_names_are_not_written_over_each_other(tmp_path: Path) -> None:
    picture = drawn(table(tmp_path, "n,a_us,b_us,c_us\n1,5,5,5\n2,5,5.1,4.9\n"))
    names = [e for e in picture.iter(f"{SVG}text") if "name" in e.get("class", "").split()]
    heights = sorted(float(name.get("y", "0")) for name in names)
    assert len(heights) == 3 and all(b - a >= 15 for a, b in zip(heights, heights[1:]))


def test_one_point_is_a_plot_too(tmp_path: Path) -> None:
    assert drawn(table(tmp_path, "n,a_s\n1000000,1000000\n")) is not None


def test_texts_are_escaped(tmp_path: Path) -> None:
    picture = draw(read_table(table(tmp_path)), "<script>&", '"><x/>')
    assert "<script>" not in picture and "<x/>" not in picture
    ElementTree.fromstring(picture)


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "plot.svg"
    words = ["plot", "--csv", str(table(tmp_path)), "--output", str(target)]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == f"{target}\n"
    assert ElementTree.parse(target).getroot().get("aria-label") == "table"


def test_the_verb_with_what_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plot", "--output", str(tmp_path / "no" / "plot.svg"), "--csv"]
    assert cli.main([*words, str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err
    assert cli.main([*words, str(table(tmp_path, "x"))]) == 2
    assert cli.main([*words, str(table(tmp_path))]) == 3
    assert "No such file" in capsys.readouterr().err
