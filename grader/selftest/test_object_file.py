"""What is looked for in a compiled drill, on small objects of gcc's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from grader.object_file import addresses, code_sections, reserved, suspicions

WANTED = frozenset({"wanted"})


def compiled(folder: Path, text: str) -> Path:
    source, target = folder / "drill.c", folder / "drill.o"
    source.write_text(text, "utf-8")
    argv = ["gcc", "-std=gnu17", "-O1", "-w", "-c", "-o", str(target), str(source)]
    subprocess.run(argv, check=True)
    return target


@pytest.mark.parametrize(
    "text",
    [
        "int wanted(void) { return 0; }",
        "static int write(void) { return 1; } int wanted(void) { return write(); }",
        "int write, abort_count, cr_lf; int wanted(void) { return write + cr_lf; }",
        "char *index(const char *s, int c) { return 0; } void error(void) {} void warn(void) {}",
        "void send_all(void) {} int helper; void dup_fd(void) {} void usage(void) {}",
        "extern char **environ; int wanted(void) { return environ != 0; }",
        "_Thread_local int depth; int wanted(void) { return depth++; }",
        "int dup(int); int kill(int, int); int wanted(void) { return dup(kill(0, 0)); }",
        "__attribute__((cold)) int rare(void) { return 1; } int wanted(void) { return rare(); }",
        "__attribute__((weak)) int sometimes(void); int wanted(void) { return sometimes != 0; }",
        'int table[] __attribute__((section("my_table"))) = {1}; int wanted(void) { return 0; }',
        'const char *text = "criterion_continue_test dlsym .init_array";',
        "int (*const calls[])(int) = {0}; static const char big[100000] = {1};",
    ],
)
def test_an_honest_object_is_not_accused(text: str, tmp_path: Path) -> None:
    assert suspicions(compiled(tmp_path, text), WANTED) == []


@pytest.mark.parametrize(
    "text, words",
    [
        ("int n; __attribute__((constructor)) void f(void) { n++; }", "section .init_array"),
        ("int n; __attribute__((constructor(101))) void f(void) { n++; }", ".init_array.00101"),
        ("int n; __attribute__((destructor)) void f(void) { n++; }", "section .fini_array"),
        ("void *p __attribute__((section(\".preinit_array\"))) = 0;", "section .preinit_array"),
        ("__asm__(\".section .init,\\\"ax\\\"\\n nop\");", "section .init"),
        ("__asm__(\".section odd,\\\"aw\\\",@init_array\\n .quad 0\");", "section odd"),
        ("void *p __attribute__((section(\"cr_tst\")));", "test framework (cr_tst)"),
        ("void *p __attribute__((section(\".got\"))) = 0;", "that the linker makes (.got)"),
        ("int x __attribute__((section(\".text.a=b\"))) = 1;", "a section with an odd name"),
        ("long write(void) { return 0; }", "a function named write"),
        ("__attribute__((weak)) void exit(int n) { for (;;); }", "a function named exit"),
        ("void mine(void) __asm__(\"_exit\"); void mine(void) {}", "a function named _exit"),
        ("int main(void) { return 0; }", "a function named main"),
        ("void criterion_log(void) {}", "test framework (criterion_log)"),
        ("int criterion_options;", "test framework (criterion_options)"),
        ("const char *__asan_default_options(void) { return 0; }", "__asan_default_options"),
        ("void __tsan_on_report(void *p) {}", "__tsan_on_report"),
        ("void cr_free(void *); void f(void) { cr_free(0); }", "a use of cr_free"),
        ("void criterion_x(void); void f(void) { criterion_x(); }", "a use of criterion_x"),
        ("int nn_send(void); int f(void) { return nn_send(); }", "a use of nn_send"),
        ("void *dlsym(); void *f(void) { return dlsym(0, 0); }", "a use of dlsym"),
        ("int dladdr1(); int f(void) { return dladdr1(); }", "a use of dladdr1"),
        ("extern char _DYNAMIC[]; char *f(void) { return _DYNAMIC; }", "a use of _DYNAMIC"),
        ("extern char __start_x[]; char *f(void) { return __start_x; }", "a use of __start_x"),
        ("static void *g(void) { return 0; } static int f(void) __attribute__((ifunc(\"g\")));"
         "int wanted(void) { return f(); }", "ifunc"),
    ],
)  # fmt: skip
def test_what_no_drill_needs_is_found(text: str, words: str, tmp_path: Path) -> None:
    found = suspicions(compiled(tmp_path, text), WANTED)
    assert any(words in each for each in found), found


def test_the_drill_itself_may_have_any_name(tmp_path: Path) -> None:
    path = compiled(tmp_path, "long write(void) { return 0; }")
    assert suspicions(path, frozenset({"write"})) == []


def test_a_symbol_that_breaks_lines(tmp_path: Path) -> None:
    path = compiled(tmp_path, "int wanted(void) { return 0; }")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\0wanted\0", b"\0wa\nted\0"))
    assert "odd name" in suspicions(path, WANTED)[0]


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\2\1\1" + b"\xff" * 200])
def test_an_object_that_is_none(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "drill.o"
    path.write_bytes(data)
    assert "cannot be read" in suspicions(path, WANTED)[0]


def test_a_cut_or_spoilt_object_never_breaks_the_grader(tmp_path: Path) -> None:
    path = compiled(tmp_path, "int n; __attribute__((constructor)) void f(void) { n++; }")
    data = path.read_bytes()
    for place in range(0, len(data), 41):
        path.write_bytes(data[:place])
        suspicions(path, WANTED)
        path.write_bytes(data[:place] + b"\xff\xfe" + data[place + 2 :])
        suspicions(path, WANTED)


def test_names_that_are_reserved() -> None:
    assert {"write", "exit", "main", "criterion_send_assert", "waitpid"} <= reserved()
    assert not {"index", "error", "warn", "helper", "send_all", "read_full"} & reserved()


def test_code_is_what_the_linker_makes_code_of(tmp_path: Path) -> None:
    text = """
    __attribute__((cold)) int rare(int n) { return n; }
    const char code[] __attribute__((section(".text.data"))) = {1};
    int mine(void) __attribute__((section("my_code")));
    int mine(void) { return rare(code[0]); }
    int data = 1;
    """
    found = code_sections(compiled(tmp_path, text))
    assert {".text", ".text.data", "my_code"} <= set(found) and ".data" not in found


def test_addresses_of_a_program(tmp_path: Path) -> None:
    source, program = tmp_path / "main.c", tmp_path / "main"
    source.write_text("int main(void) { return 0; }", "utf-8")
    subprocess.run(["gcc", "-no-pie", "-o", str(program), str(source)], check=True)
    code = addresses(program, ".text")
    assert len(code) > 20 and code.start >= 0x400000
    assert addresses(program, "students_code") == range(0, 0)
