"""Who grades: threads on this machine, or the workers of a Dask cluster on many. Both are executors of
concurrent.futures, so that the batch does not care."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.batch import work
from grader.batch.task import Task
from grader.result import Grade

TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
CONNECT = 30  # seconds for a scheduler to answer


class NoCrew(RuntimeError):
    """There is nobody to grade; the message says why."""


@dataclass(frozen=True)
class Crew:
    """submit: start to grade a task; size: how many are graded at once; grader: see work.grader_id;
    manned: whether there is anybody left to grade."""

    submit: Callable[[Task], Future[Grade]]
    size: int
    grader: str
    walls: str  # in what submissions are graded, for people
    manned: Callable[[], bool] = lambda: True


class _Running:
    """The gradings that run here, to be ended when the batch is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._over = False

    def began(self, process: subprocess.Popen[bytes]) -> None:
        """Remember a process."""
        with self._lock:
            self._processes.add(process)
            if self._over:
                process.terminate()

    def ended(self, process: subprocess.Popen[bytes]) -> None:
        """Forget a process."""
        with self._lock:
            self._processes.discard(process)

    def end(self) -> None:
        """Ask all of them to end, and any that comes later."""
        with self._lock:
            self._over = True
            for process in self._processes:
                process.terminate()


@contextmanager
def local(lab: str, jobs: int, contained: bool, batch: str) -> Iterator[Crew]:
    """As many threads as there are physical cores. Raises NoEngine, NotBuilt."""
    place = work.settle(contained, batch)
    work.sweep(place)
    running, pool = _Running(), ThreadPoolExecutor(jobs or cores())
    try:
        yield Crew(
            submit=lambda task: pool.submit(work.attempt, place, task, running),
            size=jobs or cores(),
            grader=work.grader_id(place, lab),
            walls=f"containers of {place.engine.command}" if place.engine else "no container",
        )
    finally:
        running.end()
        pool.shutdown(cancel_futures=True)
        work.clear(place)


@contextmanager
def cluster(address: str, lab: str, contained: bool, batch: str) -> Iterator[Crew]:
    """The workers of a Dask scheduler; each of them has this tree. Raises NoCrew."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise NoCrew("ENGINE needs distributed: apt-get install python3-distributed") from None
    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoCrew(f"no scheduler of Dask at {address}: {error}") from None
    with client:
        pool: Executor = client.get_executor(pure=False)
        yield Crew(
            submit=lambda task: pool.submit(_anywhere, task, contained, batch),
            size=_threads(client, address),
            grader=_agreed(client, lab, contained, batch),
            walls=f"the cluster at {address}",
            manned=lambda: bool(client.nthreads()),
        )
        pool.shutdown(wait=False)
        client.run(_leave, batch)


_PLACES: dict[str, work.Place] = {}  # of a worker of Dask: made once, for all gradings of a batch
_MAKING = threading.Lock()


def _place(contained: bool, batch: str) -> work.Place:
    with _MAKING:
        if batch not in _PLACES:
            _PLACES[batch] = work.settle(contained, batch)
        return _PLACES[batch]


def _anywhere(task: Task, contained: bool, batch: str) -> Grade:
    """Grade a task; runs in a worker of Dask."""
    return work.attempt(_place(contained, batch), task)


def _who(lab: str, contained: bool, batch: str) -> str:
    return work.grader_id(_place(contained, batch), lab)


def _leave(batch: str) -> None:
    with _MAKING:
        if batch in _PLACES:
            work.clear(_PLACES.pop(batch))


def _threads(client: Any, address: str) -> int:
    count = sum(client.nthreads().values())
    if not count:
        raise NoCrew(f"the scheduler at {address} has no workers")
    return int(count)


def _agreed(client: Any, lab: str, contained: bool, batch: str) -> str:
    """Return what grades on the workers, which must be the same tree on all of them."""
    try:
        told = client.run(_who, lab, contained, batch)
    except Exception as error:  # whatever the workers raised
        raise NoCrew(f"a worker is not ready: {error}") from error
    trees = {each.split()[0] for each in told.values()}
    if trees != {work.tree_digest(lab)}:
        raise NoCrew("a worker runs from another version of this tree")
    return sorted(told.values())[0]


def cores() -> int:
    """Return the number of physical cores."""
    found = set()
    for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*"):
        try:
            siblings = Path(TOPOLOGY.format(path.name.removeprefix("cpu"))).read_text("ascii")
        except OSError:
            siblings = path.name
        found.add(siblings)
    return len(found) or 1
