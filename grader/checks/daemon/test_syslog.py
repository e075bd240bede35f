"""What reaches syslog with -s, and whether it still does after syslogd was restarted."""

from __future__ import annotations

from grader.checks.daemon.house import TREE, House, house
from grader.checks.daemon.service import note
from grader.checks.daemon.syslog import Message, Syslog
from grader.outcome import Failed, check
from grader.run import Run

DAEMON, NOTICE, INFO = 3, 5, 6  # syslog.h: LOG_DAEMON >> 3, LOG_NOTICE, LOG_INFO
NAMES = ("plain", "two words", "100%s", "%n%n%n")


@check("syslog.lines")
def test_syslog(run: Run) -> None:
    """Listen in syslogd's place: priority, ident and process id of each line, names with a percent sign; then
    restart syslogd. Without -s no event goes there."""
    with house(run) as home, Syslog(home) as syslog:
        service = home.begin("-s", "-d", TREE)
        pid = service.daemon.inner_pid
        _all_told(home, syslog, NAMES)
        for message in syslog.messages():
            if TREE in message.text:
                _right(message, pid)
        syslog.restart()
        home.touch("while-it-was-away")
        home.synchronise()
        _all_told(home, syslog, ("back again",))
        home.end_all()
        _only_if_asked(home, syslog)


def _all_told(home: House, syslog: Syslog, names: tuple[str, ...]) -> None:
    for name in names:
        home.touch(name)
    home.synchronise()
    wanted = [f"CREATE {TREE}/{name}" for name in names]

    def missing() -> list[str]:
        texts = [message.text for message in syslog.messages()]
        return [text for text in wanted if not any(text in each for each in texts)]

    if not home.until(lambda: not missing()):
        shown = "\n".join(message.text for message in syslog.messages()[-4:])
        raise Failed(
            f"no message says {missing()[0]!r}",
            expected="with -s each event is a message: EVENT PATH",
            evidence=note(f"messages:\n{shown}"),
        )


def _right(message: Message, pid: int) -> None:
    wrong = []
    if message.ident != "sysdaemon":
        wrong.append(f"ident {message.ident!r}")
    if message.pid != pid:
        wrong.append("no process id" if message.pid < 0 else f"process id {message.pid}")
    if message.facility != DAEMON:
        wrong.append(f"facility {message.facility}")
    if message.severity not in (NOTICE, INFO):
        wrong.append(f"severity {message.severity}")
    if wrong:
        raise Failed(
            f"a message has {', '.join(wrong)}",
            expected=f"sysdaemon[{pid}], facility daemon (3), severity info (6) or notice (5)",
            evidence=note(message.raw.decode("utf-8", "replace")),
        )


def _only_if_asked(home: House, syslog: Syslog) -> None:
    before = len(syslog.messages())
    home.begin("-d", TREE)
    home.synchronise()
    extra = [message.text for message in syslog.messages()[before:] if TREE in message.text]
    if extra:
        raise Failed(f"without -s: {extra[0]!r} in syslog", expected="events go to LOG only")
