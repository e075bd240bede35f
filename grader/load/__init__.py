"""Socket load: clients of the server under test, every byte verified, every wait with a limit.

A `Dialer` makes sockets that reach into a sandbox. `Peer` is one client driven by hand; `Crowd` thousands that
stay open; the functions are whole scenarios. What goes wrong on a connection is a `Trouble`: an
`Outcome` lists them, a `PeerError` carries one and is, in a check, the verdict. TooFewDescriptors makes the check
inconclusive; OSError means that the grader is at fault, not the server.
"""

from grader.load.churn import churn
from grader.load.crowd import Crowd, ladder
from grader.load.data import chunk_sizes, stream
from grader.load.dialer import HOST, Dialer, TooFewDescriptors, raise_descriptor_limit
from grader.load.drive import Outcome
from grader.load.flow import echo_streams
from grader.load.peer import Peer
from grader.load.rate import Rate, rate
from grader.load.resets import resets
from grader.load.slow import SlowReader, tiny_window
from grader.load.trouble import PeerError, Trouble, shown

__all__ = [
    "HOST",
    "Crowd",
    "Dialer",
    "Outcome",
    "Peer",
    "PeerError",
    "Rate",
    "SlowReader",
    "TooFewDescriptors",
    "Trouble",
    "chunk_sizes",
    "churn",
    "echo_streams",
    "ladder",
    "raise_descriptor_limit",
    "rate",
    "resets",
    "shown",
    "stream",
    "tiny_window",
]
