"""Lab `epoll`: what a message, a connection and 10,000 newcomers cost the echo server, against others.

What is compared is the CPU time a message costs the server, for the load generator, one thread as
well, and not the server sets the rate: a server that is busy all the time serves as many messages a second
as that time allows.
"""

from __future__ import annotations

from bench.epoll.servers import connecting, memory, talking
from bench.row import Row
from bench.rounds import as_fast, at_most, below

LAB = "epoll"
COST = "µs CPU/message"


def _talk(peer: str, target: float, idle: int, active: int) -> Row:
    who = {
        "bufferevent": "libevent bufferevent",
        "libevent": "libevent, events only",
        "go": "Go net",
    }
    count = f"{idle:,}" if active == idle else f"{idle:,}/{active:,}"
    name = f"echo, {count} active"
    return Row(LAB, name, who[peer], COST, as_fast(target), talking(peer, idle, active))


ROWS = (
    _talk("bufferevent", 1.3, 1_000, 1_000),
    _talk("bufferevent", 1.3, 10_000, 100),
    _talk("bufferevent", 1.1, 10_000, 10_000),
    _talk("libevent", 0.95, 1_000, 1_000),
    _talk("go", 1.0, 1_000, 1_000),
    Row(
        *(LAB, "echo, beyond what it asks of the kernel", "bare epoll_wait, recv, send", COST),
        *(at_most(1.25), talking("floor", 1_000, 1_000)),
    ),
    Row(
        *(LAB, "an idle connection", "libevent bufferevent", "bytes of memory"),
        *(below(1024), memory("bufferevent", 10_000)),
    ),
    Row(
        *(LAB, "10,000 connected, each echoed", "bare epoll_wait, recv, send", "s"),
        *(below(0.6), connecting("floor", 10_000)),
    ),
)
