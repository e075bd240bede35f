"""The parallel walk: threads that share the work, and no races between them."""

from __future__ import annotations

import re
from collections import Counter

from grader.checks.files.compare import compare
from grader.checks.files.shown import exhibit
from grader.checks.files.testimony import READS, WAITS
from grader.checks.files.walker import SMALL_PIPE, Forest, ended, forest
from grader.outcome import Failed, check
from grader.recording import record
from grader.result import Evidence
from grader.run import Run
from grader.strace.faults import Fault
from grader.tree import Tree, random_tree

THREADS = 4
FOLDERS = 60  # in one folder, for the threads to share
DELAY_US = 3000  # that reading a folder takes: time for the others to take the next
MOST_SHARE = 0.6  # of all folders, that one of four threads may read
BIG = 1500  # entries: much more than a small pipe holds, and each thread's share of it too
BUSHY = 18  # folders in each of as many folders: threads meet at the list all the time
LEAVES = 5  # files in each of those: between them no lock orders what threads do
TREES = ((40, 2), (160, 8))  # entries, threads
TINY = 10  # walks of a tree that has less folders than there are threads
OPTIONS = {"TSAN_OPTIONS": "exitcode=0:color=never:halt_on_error=0:report_thread_leaks=0"}
REPORT = re.compile(r"(?ms)^WARNING: ThreadSanitizer: (?P<what>[^\n(]+).*?(?=^={10,}$|\Z)")


@check("threads.used")
def test_used(run: Run) -> None:
    """Walk with -j 4: four threads read folders, none of them most; the lines are those of find, whole, also
    through a small pipe."""
    folder = run.scratch("trees")
    folder.mkdir()
    shared = Tree.make(folder / "shared")
    shared.folder(b"one")
    for number in range(FOLDERS):
        shared.folder(b"one/f%d" % number)
    random_tree(folder / "tree", run.random, BIG, line_breaks=True)
    with forest(run, folder) as woods:
        _expect_shared(woods)
        for threads in (THREADS, 2, 1, THREADS):
            compare(woods, "-0", "-j", str(threads), capacity=SMALL_PIPE)


def _expect_shared(woods: Forest) -> None:
    """Reading each folder takes a while: so other threads have the time to read the others."""
    run = woods.run
    faults = [Fault(name, delay_exit_us=DELAY_US, when="1+") for name in READS]
    recording = record(run, run.program(), READS, faults=faults)
    walk = woods.walk("-j", str(THREADS), "shared", wrap=recording.strace.argv())
    ended(walk)
    trace = recording.trace()
    started = trace.threads()
    if len(started) < THREADS:
        observed = f"{walk.command}: {len(started)} threads were started"
        evidence = exhibit(recording, started or trace.calls(*READS)[:2])
        raise Failed(observed, expected=f"{THREADS} threads besides main", evidence=evidence)
    reads = Counter(call.pid for call in trace.calls(*READS))
    total, most = sum(reads.values()), max(reads.values(), default=0)
    if len(reads) < THREADS or most > MOST_SHARE * total:
        told = ", ".join(str(count) for _, count in reads.most_common())
        observed = f"{walk.command}: of {total} reads of folders, the threads made {told}"
        expected = f"{THREADS} threads that all read folders, none of them most"
        raise Failed(
            observed, expected=expected, evidence=exhibit(recording, trace.calls(*READS)[:6])
        )


@check("threads.races")
def test_races(run: Run) -> None:
    """Walk random trees in a build with ThreadSanitizer, and many times a tree with less folders than threads,
    with late reads: no race, no thread that sleeps for ever."""
    folder = run.scratch("trees")
    folder.mkdir()
    for number, (size, _) in enumerate(TREES):
        random_tree(folder / f"tree{number}", run.random, size)
    chain = Tree.make(folder / "chain")
    name = b""
    for number in range(5):
        name = chain.folder(name + b"/c" if name else b"c")
        chain.folder(name + b"/side")
    bushy = Tree.make(folder / "bushy")
    for number in range(BUSHY):
        outer = bushy.folder(b"%d" % number)
        for inner in range(BUSHY):
            twig = bushy.folder(outer + b"/%d" % inner)
            for leaf in range(LEAVES):
                bushy.file(twig + b"/%d" % leaf)
    with forest(run, folder) as woods:
        _end_in_time(woods)
        run.program("tsan")
    with forest(run, folder) as woods:
        _expect_no_report(woods, "bushy", THREADS)
        for number, (_, threads) in enumerate(TREES):
            _expect_no_report(woods, f"tree{number}", threads)


def _end_in_time(woods: Forest) -> None:
    """Most threads sleep, and wake up for single folders and for the end."""
    for number in range(TINY):
        compare(woods, "-j", str(2 + number), roots=("chain",))
    run = woods.run
    for name in READS[:1]:
        for fault in (
            Fault(name, delay_exit_us=DELAY_US, when="1+"),
            Fault("futex", delay_us=2000),
        ):
            recording = record(run, run.program(), (*READS, *WAITS), faults=[fault])
            ended(woods.walk("-j", "4", "chain", wrap=recording.strace.argv()))


def _expect_no_report(woods: Forest, root: str, threads: int) -> None:
    walk = woods.walk("-j", str(threads), root, variant="tsan", env=OPTIONS)
    report = REPORT.search(walk.said)
    if report:
        place = re.search(r"(?m) (?:\./)?(\w[\w.-]*\.[ch]):(\d+)", report.group())
        text = "\n".join(report.group().splitlines()[:16])
        display = woods.run.job.display
        file = f"{display}/{place.group(1)}" if place else ""
        exhibit = Evidence("output", text, file, int(place.group(2)) if place else 0)
        observed = f"{walk.command}: ThreadSanitizer: {report['what'].strip()}"
        raise Failed(observed, expected="no report of ThreadSanitizer", evidence=[exhibit])
    ended(walk)
