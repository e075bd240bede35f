"""A short visit of several clients to a server in which one system call goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.checks.epoll.server import STEP, Server
from grader.load import Peer, PeerError, stream
from grader.load.trouble import CLOSED, RESET, shown
from grader.run import Run

PATIENCE = 0.1  # seconds for an answer that may have to wait until somebody leaves
SHORT = 0.5  # seconds for an answer once another client has waited in vain
LONG = 24 << 10  # bytes to the narrow client: more than fits at once


@dataclass
class Session:
    """Clients that come one after the other, talk, leave.

    lost: those that the server hung up on; silent: those that waited in vain; wrong: whatever else went
    wrong, such as bytes that nobody sent.
    """

    run: Run
    lost: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ending: str = ""  # how the server ended, if it did
    _server: Server = field(init=False, repr=False)
    _peers: dict[str, Peer] = field(default_factory=dict)
    _waiting: dict[str, bytes] = field(default_factory=dict)

    def play(self, server: Server) -> None:
        """The whole visit. What went wrong is in the lists afterwards."""
        self._server = server
        try:
            for name in ("first", "second", "third"):
                self._enter(name)
            self._say("first", b"again")
            self._enter("narrow")
            self._say("second", b"again")
            self._leave("first")
            self._await_all()
            self._enter("late")
            self._await_all()
            self._half_close("second")
            self._await_all()
        finally:
            for peer in self._peers.values():
                peer.close()
        if self._server.process.ended():
            self.ending = self._server.ending()

    def survived(self, victims: int) -> bool:
        """Whether the server lives, nobody got wrong bytes, and at most so many clients were given up."""
        given_up = len(self.lost) + len(self.silent)
        return not self.wrong and not self.ending and given_up <= victims

    def story(self) -> str:
        """What went wrong, for people."""
        ended = [f"the server ended: {self.ending}"] if self.ending else []
        return "; ".join([*ended, *self.wrong, *self.lost, *self.silent]) or "nothing went wrong"

    # -- steps ---------------------------------------------------------------------------------

    def _enter(self, name: str) -> None:
        try:
            narrow = name == "narrow"
            self._peers[name] = self._server.narrow_peer() if narrow else self._server.peer()
        except PeerError as error:
            self.wrong.append(f"the {name} client: {error}")
            return
        data = stream(self.run.job.seed, 7, LONG) if narrow else b"hello from " + name.encode()
        self._say(name, data)

    def _say(self, name: str, data: bytes) -> None:
        """Send and wait a little for the answer; a late one is asked for again by `_await_all`."""
        if name not in self._peers or name in self._waiting:
            return
        peer = self._peers[name]
        try:
            self._waiting[name] = data[: peer.offer(data, 0.01)]
            self._answer(name, PATIENCE)
        except PeerError as error:
            self._gone(name, error)

    def _answer(self, name: str, seconds: float) -> None:
        """Take in what `name` still waits for, within so many seconds, or leave it waiting."""
        peer, data = self._peers[name], self._waiting[name]
        limit = self.run.limit(seconds)
        while data and peer.readable(limit):
            got = peer.receive(limit=limit)
            if not got or not data.startswith(got):
                self._gone(name, None, got)
                return
            data = data[len(got) :]
            self._waiting[name] = data
        if not data:
            del self._waiting[name]

    def _await_all(self) -> None:
        for name in list(self._waiting):
            try:
                self._answer(name, SHORT if self.silent else STEP)
            except PeerError as error:
                self._gone(name, error)
            if name in self._waiting:
                self.silent.append(f"the {name} client got no answer")
                self._drop(name)

    def _half_close(self, name: str) -> None:
        if name not in self._peers:
            return
        try:
            self._peers[name].shutdown_write()
            self._peers[name].expect_eof(self.run.limit(SHORT if self.silent else STEP))
        except PeerError as error:
            self._gone(name, error)

    def _leave(self, name: str) -> None:
        if name in self._peers and name not in self._waiting:
            self._drop(name)

    def _gone(self, name: str, error: PeerError | None, got: bytes = b"") -> None:
        """The connection has ended, or brought something that was not sent."""
        hung_up = error.trouble.kind in (CLOSED, RESET) if error else not got
        told = f"the {name} client: {error or _said(got)}"
        (self.lost if hung_up else self.wrong).append(told)
        self._drop(name)

    def _drop(self, name: str) -> None:
        self._waiting.pop(name, None)
        self._peers.pop(name).close()


def _said(got: bytes) -> str:
    if not got:
        return "closed by the server before its answer"
    return f"it got bytes that it did not send: {shown(got)}"
