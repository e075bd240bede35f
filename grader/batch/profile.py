"""Make the filter of system calls for grading containers out of the engine's own default.

    python3 -m grader.batch.profile /usr/share/containers/seccomp.json > seccomp.json

The default stays current with the engine; what is changed is little. Added: what bubblewrap needs to
make a sandbox, and ptrace(2). Taken away: io_uring, the kernel's keyrings, and all sockets but local
ones and those of IP. Untraced clones are allowed here: LeakSanitizer makes one, and without it would
keep silent; the sandbox of a traced run refuses them (grader/seccomp_filter.py). The format is that of
Docker and Podman.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ALLOW, REFUSE, MASKED = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_CMP_MASKED_EQ"
ENOSYS = 38
FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
INT = 0xFFFFFFFF  # the kernel ignores the upper half of the register, so must a rule

NEEDED = (
    *("unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "sethostname"),
    *("ptrace", "process_vm_readv", "clone"),
)
REFUSED = (
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("keyctl", "add_key", "request_key"),
    "clone3",  # nobody can look into the structure that it gets: C libraries fall back to clone
)
OURS = (*NEEDED, *REFUSED, "socket")  # what the default says about them is dropped

Rule = dict[str, Any]


def grading_profile(default: dict[str, Any]) -> dict[str, Any]:
    """Return the profile for containers that grade. Raises ValueError for what is no profile."""
    rules = default.get("syscalls")
    if not isinstance(rules, list) or not rules or default.get("defaultAction") != REFUSE:
        raise ValueError("not a seccomp profile that refuses by default")
    kept = [_without(rule, OURS) for rule in rules]
    return {**default, "syscalls": [rule for rule in kept if rule["names"]] + _ours()}


def _without(rule: Rule, names: tuple[str, ...]) -> Rule:
    return {**rule, "names": [name for name in rule["names"] if name not in names]}


def _ours() -> list[Rule]:
    sockets = [
        _rule(("socket",), ALLOW, {"index": 0, "value": INT, "valueTwo": each, "op": MASKED})
        for each in FAMILIES
    ]
    return [_rule(NEEDED, ALLOW), {**_rule(REFUSED, REFUSE), "errnoRet": ENOSYS}, *sockets]


def _rule(names: tuple[str, ...], action: str, *args: Rule) -> Rule:
    return {"names": list(names), "action": action, "args": list(args)}


def main(argv: list[str]) -> int:
    """Print the profile made of the file that argv names."""
    print(json.dumps(grading_profile(json.loads(Path(argv[1]).read_text("utf-8"))), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
