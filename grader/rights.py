"""What a program may do in its sandbox beyond what every program may: capabilities(7), groups."""

from __future__ import annotations

from dataclasses import dataclass

# Their numbers are those of linux/capability.h.
CAPABILITIES = {
    "CAP_CHOWN": 0,
    "CAP_DAC_OVERRIDE": 1,
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_FOWNER": 3,
    "CAP_KILL": 5,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_SETPCAP": 8,
    "CAP_NET_BIND_SERVICE": 10,
}


@dataclass(frozen=True)
class Rights:
    """Capabilities by name, and supplementary groups by the number that they have inside."""

    capabilities: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()

    def flags(self) -> list[str]:
        """Return the options of gate that give them."""
        kept = (("-c", str(CAPABILITIES[name])) for name in self.capabilities)
        given = (("-g", str(group)) for group in self.groups)
        return [word for pair in (*kept, *given) for word in pair]


def names_of(mask: int) -> tuple[str, ...]:
    """Return the capabilities in a mask as /proc/PID/status has it; numbers for those without name here."""
    known = {number: name for name, number in CAPABILITIES.items()}
    return tuple(known.get(bit, str(bit)) for bit in range(64) if mask >> bit & 1)
