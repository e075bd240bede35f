"""Look into a compiled object before it is linked with tests: would it run, or act, on its own?

A drill is judged inside the process that runs it. Code that runs before the tests (constructors), or that
takes the place of functions that the tests rely on, could write any report it likes.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Iterator

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

RUNS_BY_ITSELF = (".init", ".fini", ".preinit", ".ctors", ".dtors")
TESTS_OWN = ("cr_", "criterion", ".note.gnu.property.cr")
SANITIZER_ENTRIES = 1  # constructors, and destructors, that -fsanitize adds to an object
FORBIDDEN = ("dlsym", "dlvsym", "dlopen", "dlmopen", "__libc_dlsym", "_dl_sym")
PREFIXES = (
    "criterion_",
    "cr_",
    "bxf_",
    "__asan_",
    "__ubsan_",
    "__lsan_",
    "__tsan_",
    "__sanitizer_",
)
IFUNC = "STT_LOOS"  # pyelftools' name of STT_GNU_IFUNC, see elf(5)


def suspicions(path: Path, expected: frozenset[str], sanitized: bool = False) -> list[str]:
    """Return what an honest drill never has, in words; an empty list if there is nothing.

    expected: the global symbols that the drill must define; others are harmless unless the tests use
    functions of that name. Raises OSError, elftools' ELFError.
    """
    with path.open("rb") as file:
        elf = ELFFile(file)
        return [*_sections(elf, sanitized), *_symbols(elf, expected, sanitized)]


def _sections(elf: ELFFile, sanitized: bool) -> Iterator[str]:
    entry = elf.elfclass // 8
    for section in elf.iter_sections():
        name = section.name
        if name.startswith(RUNS_BY_ITSELF) and section["sh_size"]:
            if sanitized and section["sh_size"] <= SANITIZER_ENTRIES * entry:
                continue
            yield f"code that runs before or after the tests (section {name})"
        elif name.startswith(TESTS_OWN):
            yield f"a section of the test framework ({name})"


def _symbols(elf: ELFFile, expected: frozenset[str], sanitized: bool) -> Iterator[str]:
    for section in elf.iter_sections():
        if not isinstance(section, SymbolTableSection):
            continue
        for symbol in section.iter_symbols():
            yield from _symbol(symbol, expected, sanitized)


def _symbol(symbol: object, expected: frozenset[str], sanitized: bool) -> Iterator[str]:
    name, info = symbol.name, symbol["st_info"]  # type: ignore[attr-defined,index]
    if info["type"] == IFUNC:
        yield f"a function that is chosen while the program is loaded ({name}, ifunc)"
    elif info["bind"] == "STB_LOCAL" or not name:
        return
    elif symbol["st_shndx"] == "SHN_UNDEF":  # type: ignore[index]
        if name in FORBIDDEN or (name.startswith(PREFIXES) and not sanitized):
            yield f"a use of {name}"
    elif name not in expected and name in reserved():
        yield f"a function or variable named {name}, which the tests themselves use"


@cache
def reserved() -> frozenset[str]:
    """Return the names that Criterion defines or calls, and those that start a program."""
    found = {"main", "_exit", "_start", "_init", "_fini", "__libc_start_main"}
    argv = ["gcc", "-print-file-name=libcriterion.so"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    library = Path(done.stdout.strip())
    if library.is_absolute():
        found |= _dynamic_names(library)
    return frozenset(found)


def _dynamic_names(library: Path) -> set[str]:
    with library.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".dynsym")
        assert isinstance(table, SymbolTableSection)
        return {symbol.name for symbol in table.iter_symbols() if symbol.name}
