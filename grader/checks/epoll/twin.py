"""What the echo server and its Go twin both do: a few clients come one by one, talk, and leave."""

from __future__ import annotations

import signal

from grader.load import Peer, PeerError
from grader.outcome import Inconclusive
from grader.process import Process
from grader.twin import Stage

NAMES = {"c": "echo_server.c", "go": "epoll_server.go"}
PORT = 7000
CLIENTS, MESSAGES = 3, 4
START = 10.0  # seconds until a server listens, each of its calls with a stack


def work(stage: Stage) -> dict[str, int]:
    """Three clients, four messages each, and the server asleep before every message."""
    server = stage.start(PORT)
    if not server.ready(PORT, stage.run.limit(START)):
        raise Inconclusive(f"{stage.path.name} does not listen: {server.stderr_text()}")
    try:
        for number in range(CLIENTS):
            _visit(stage, server, number)
    except PeerError as error:
        raise Inconclusive(f"{stage.path.name}: {error}") from error
    server.signal(signal.SIGTERM)
    stage.end(server)
    return {"message": CLIENTS * MESSAGES, "client": CLIENTS, "server": 1}


def _visit(stage: Stage, server: Process, number: int) -> None:
    with Peer.open(stage.box.dialer, PORT, number, stage.run.limit(START)) as peer:
        for message in range(MESSAGES):
            stage.rest(server)
            peer.expect_echo(b"message %d of client %d\n" % (message, number))
        stage.rest(server)
        peer.shutdown_write()
        peer.expect_eof()
