"""Drill `plugin`: the library as a file, the host as a program."""

from __future__ import annotations

import re
from pathlib import Path

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection

from grader import build as building
from grader.checks.daemon.drills import drill_program
from grader.checks.daemon.house import house
from grader.checks.daemon.service import note, wait_caller
from grader.checks.daemon.test_module import MODULES, SHARED
from grader.outcome import Failed, check
from grader.run import Run

SONAME, NODE = "libplugin.so.1", "SYSLABS_1"
EXPORTED = {"plugin_version", "plugin_run"}
# What an option may be: nothing that reads or writes other files, or runs programs.
OPTION = re.compile(
    r"-shared|-f(PIC|pic)|-fvisibility=hidden|-g|-O[0-3s]|-W(all|extra|error)"
    r"|-Wl,(--?soname|-h|--version-script)[=,][\w.-]+|-Wl,-z,\w+|-Wl,--no-undefined|-Wl,-Bsymbolic"
)
OK, NO_LIBRARY, NO_SYMBOL, OTHER_VERSION = range(4)


def _library(run: Run) -> Path:
    """Return the student's library, made by the student's options. Raises BuildFailed, Failed."""
    words = (run.source / "plugin.flags").read_text("utf-8", "replace").split()
    refused = [word for word in words if not OPTION.fullmatch(word)]
    if refused:
        raise Failed(f"plugin.flags: {refused[0]!r} is no option for this", expected="see plugin.h")
    recipe = building.Recipe(
        source=run.source,
        output=Path(run.job.scratch) / "build",
        program="libplugin.so",
        files=("plugin_lib.c",),
        display=run.job.display,
        flags=tuple(words),
    )
    return building.build(recipe, "plain", run.sandbox)


@check("plugin.library")
def test_library(run: Run) -> None:
    """Make the library with your options and read its dynamic section: kind, soname, symbols, version."""
    with _library(run).open("rb") as file:
        elf = ELFFile(file)
        dynamic = elf.get_section_by_name(".dynamic")
        if elf["e_type"] != "ET_DYN" or not isinstance(dynamic, DynamicSection) or _is_program(elf):
            raise Failed("what gcc makes is a program", expected="a shared library")
        sonames = [tag.soname for tag in dynamic.iter_tags() if tag.entry.d_tag == "DT_SONAME"]
        if sonames != [SONAME]:
            observed = f"the soname is {sonames[0]}" if sonames else "there is no soname"
            raise Failed(observed, expected=SONAME)
        exported, nodes = _exported(elf), _nodes(elf)
    if exported != EXPORTED:
        raise Failed(
            f"exported are {', '.join(sorted(exported)) or 'no symbols'}",
            expected="plugin_run and plugin_version, and nothing else",
            evidence=note("nm -D --defined-only libplugin.so shows the same"),
        )
    if NODE not in nodes:
        raise Failed(f"version nodes: {', '.join(nodes) or 'none'}", expected=NODE)


def _is_program(elf: ELFFile) -> bool:
    return any(segment["p_type"] == "PT_INTERP" for segment in elf.iter_segments())


def _exported(elf: ELFFile) -> set[str]:
    symbols = elf.get_section_by_name(".dynsym")
    return {
        symbol.name
        for symbol in (symbols.iter_symbols() if symbols else ())
        if symbol["st_shndx"] not in ("SHN_UNDEF", "SHN_ABS") and symbol.name
    }


def _nodes(elf: ELFFile) -> list[str]:
    section = elf.get_section_by_name(".gnu.version_d")
    if not isinstance(section, GNUVerDefSection):
        return []
    return [next(names).name for _, names in section.iter_versions()]


@check("plugin.loaded")
def test_loaded(run: Run) -> None:
    """Open your library and call it; then a file that is not there, a text, and libraries that lack a symbol or
    have another version."""
    number = run.random.randrange(1000)
    _expect(run, _library(run), f"{OK}\n{2 * number + 1}\n", "your library", number)
    for source, result, what in (
        ("lacks_run", NO_SYMBOL, "a library without plugin_run"),
        ("plugin_next", OTHER_VERSION, "a library of version 2"),
        ("needs_more", NO_LIBRARY, "a library with a symbol that nobody defines"),
    ):
        helper = run.helper(MODULES / f"{source}.c", *SHARED)
        _expect(run, helper, f"{result}\n", what)
    _expect(run, Path("/tmp/missing.so"), f"{NO_LIBRARY}\n", "a file that is not there")
    _expect(run, Path("/etc/passwd"), f"{NO_LIBRARY}\n", "a text")


@check("plugin.unloaded")
def test_unloaded(run: Run) -> None:
    """See in /proc/self/maps whether the library is gone after plugin_close, and after a plugin_open that failed."""
    _expect(run, _library(run), "gone\n", "your library, after plugin_close")
    for source in ("lacks_run", "plugin_next"):
        _expect(run, run.helper(MODULES / f"{source}.c", *SHARED), "gone\n", f"{source}, refused")


def _expect(run: Run, library: Path, wanted: str, what: str, number: int = 0) -> None:
    """Raise Failed unless the host prints this for a library: its first lines, or its last one."""
    with house(run, program=drill_program(run)) as home:
        process = home.start(str(library), str(number))
        end, said = wait_caller(home, process), process.stderr_text()
    if end.code != 0 or not (
        said.startswith(wanted) or wanted == "gone\n" and said.endswith(wanted)
    ):
        raise Failed(
            f"{what}: {said.strip()!r} ({end})",
            expected=" then ".join(wanted.split()),
            evidence=note(
                "0 PLUGIN_OK, 1 PLUGIN_NO_LIBRARY, 2 PLUGIN_NO_SYMBOL, 3 PLUGIN_OTHER_VERSION"
            ),
        )
