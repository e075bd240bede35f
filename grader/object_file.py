"""Look into a compiled object before it is linked with tests: would it run, or act, on its own?

A drill is judged inside the process that runs it. Code that runs before the tests (constructors), or that
takes the place of functions that the tests rely on, could write any report it likes. Such code is refused
here; what a function does when it is called is seen in the trace (grader/meddling.py).
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Iterator

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section, Symbol, SymbolTableSection

RUNS_BY_ITSELF = (".init", ".fini", ".preinit", ".ctors", ".dtors")
LINKERS_OWN = (".interp", ".dyn", ".got", ".plt", ".hash", ".gnu.hash", ".gnu.version")
TESTS_OWN = ("cr_", "criterion")
CODE = (".text", ".gnu.linkonce.t", ".stub")  # names that the linker makes code of, whatever is in
SECTION_NAME = re.compile(r"[\w.$-]*")
# How a program finds functions that are not its own, the data of the linker, and Criterion's messages.
LOOKS_AROUND = re.compile(
    r"(__libc_)?dl(v?sym|m?open|addr1?|info|_iterate_phdr)|_dl_\w+|_DYNAMIC|_r_debug|__ehdr_start"
    r"|__(start|stop)_\w+|nn_\w+"
)
TESTS_NAMES = re.compile(r"(criterion|bxfi?|__asan|__ubsan|__lsan|__tsan|__sanitizer)_\w*")
STARTS = frozenset({"main", "_exit", "_start", "_init", "_fini", "__libc_start_main"})
IFUNC = "STT_LOOS"  # pyelftools' name of STT_GNU_IFUNC, see elf(5)
FUNCTIONS = ("STT_FUNC", "STT_NOTYPE")


def suspicions(path: Path, expected: frozenset[str]) -> list[str]:
    """Return what an honest drill never has, in words; an empty list if there is nothing.

    path: an object file, compiled without sanitizers, which add constructors of their own; expected: the
    global symbols that the drill must define. Raises OSError.
    """
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            return [*_sections(elf), *_symbols(elf, expected)]
    except OSError:
        raise
    except Exception as error:  # pyelftools stumbles over spoilt objects in many ways
        return [f"an object file that cannot be read ({type(error).__name__})"]


def _sections(elf: ELFFile) -> Iterator[str]:
    for section in elf.iter_sections():
        name = section.name
        if not SECTION_NAME.fullmatch(name):
            yield f"a section with an odd name ({name})"
        elif section["sh_size"] and (name.startswith(RUNS_BY_ITSELF) or _is_list(section)):
            yield f"code that runs before or after the tests (section {name})"
        elif name.startswith(TESTS_OWN):
            yield f"a section of the test framework ({name})"
        elif name.startswith(LINKERS_OWN):
            yield f"a section that the linker makes ({name})"


def _is_list(section: Section) -> bool:
    """Whether it is a list of functions to run, whatever its name."""
    return str(section["sh_type"]) in ("SHT_INIT_ARRAY", "SHT_FINI_ARRAY", "SHT_PREINIT_ARRAY")


def _symbols(elf: ELFFile, expected: frozenset[str]) -> Iterator[str]:
    for section in elf.iter_sections():
        if isinstance(section, SymbolTableSection):
            for symbol in section.iter_symbols():
                yield from _symbol(symbol, expected)


def _symbol(symbol: Symbol, expected: frozenset[str]) -> Iterator[str]:
    name, kind, bind = symbol.name, symbol["st_info"]["type"], symbol["st_info"]["bind"]
    if not name.isprintable():
        yield f"a symbol with an odd name ({name!r})"
    elif kind == IFUNC:
        yield f"a function that is chosen while the program is loaded ({name}, ifunc)"
    elif bind == "STB_LOCAL" or not name:
        return
    elif symbol["st_shndx"] == "SHN_UNDEF":
        if LOOKS_AROUND.fullmatch(name) or _is_of_the_tests(name):
            yield f"a use of {name}"
    elif _is_of_the_tests(name) and name not in STARTS:
        yield f"a function or variable of the test framework ({name})"
    elif name not in expected and kind in FUNCTIONS and name in reserved():
        yield f"a function named {name}, which the tests themselves call"


def _is_of_the_tests(name: str) -> bool:
    return bool(TESTS_NAMES.fullmatch(name)) or name in defined()


@cache
def reserved() -> frozenset[str]:
    """Return the names of functions that Criterion defines or calls, and of those that start a program.

    Linked as it is, a global function of that name would be called in place of the right one. So a drill
    that has one is accused, although its symbols are made local before linking. A `static` function, or a
    variable, of any name replaces nothing and is nobody's business.
    """
    return STARTS | defined() | _criterion(defined_there=False)


@cache
def defined() -> frozenset[str]:
    """Return the names that Criterion's library defines."""
    return _criterion(defined_there=True)


def _criterion(defined_there: bool) -> frozenset[str]:
    argv = ["gcc", "-print-file-name=libcriterion.so"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    library = Path(done.stdout.strip())
    if not library.is_absolute():
        return frozenset()
    with library.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".dynsym")
        names = (s.name for s in table.iter_symbols() if _is_defined(s) == defined_there)
        return frozenset(name for name in names if name)


def _is_defined(symbol: Symbol) -> bool:
    return bool(symbol["st_shndx"] != "SHN_UNDEF")


def code_sections(path: Path) -> list[str]:
    """Return the names of the sections of an object that become code in a program. Raises ELFError."""
    with path.open("rb") as file:
        return sorted({section.name for section in ELFFile(file).iter_sections() if _code(section)})


def _code(section: Section) -> bool:
    executable = section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR
    return bool(executable or section.name.startswith(CODE))


def addresses(path: Path, section: str) -> range:
    """Return where a section of a linked program lies; an empty range if there is none."""
    with path.open("rb") as file:
        found = ELFFile(file).get_section_by_name(section)
        start = found["sh_addr"] if found else 0
        return range(start, start + (found["sh_size"] if found else 0))
