"""Whose call it is: the program's, by any of its threads, or its child's."""

from __future__ import annotations

from grader.strace.ask import Trace

TEXT = """\
7 1.0 execve("/x", ["/x"], 0x1 /* 0 vars */) = 0
7 1.1 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, stack=0x1} => {parent_tid=[8]}, 88) = 8
7 1.2 clone(child_stack=NULL, flags=SIGCHLD) = 9
9 1.3 write(2, "from the child", 14) = 14
8 1.4 write(2, "from a thread", 13) = 13
8 1.5 clone(child_stack=NULL, flags=SIGCHLD) = 10
10 1.6 write(2, "from a thread's child", 21) = 21
7 1.7 write(2, "from the first thread", 21) = 21
"""


def test_calls_of_all_threads_and_of_no_child() -> None:
    calls = Trace.of(TEXT, "/x").by_all_threads("write")
    assert [call.arg(1).string for call in calls] == [b"from a thread", b"from the first thread"]


def test_without_a_start_there_is_no_program() -> None:
    assert Trace.of(TEXT).by_all_threads("write") == ()
