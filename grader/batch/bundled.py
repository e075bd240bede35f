"""Read git bundles (git-bundle(1)): the files of the branch that was checked out when it was made."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from grader.batch.haul import DEPTH, Haul, Refused, quoted
from grader.batch.pack import DIGEST, GitObject, Pack
from grader.batch.tarred import KINDS as TAR_KINDS

SIGNATURES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
FOLDER, FILES = 0o40000, (0o100644, 0o100755, 0o100664)
REFUSED = {0o120000: TAR_KINDS[b"2"], 0o160000: "a submodule"}
BRANCHES = (b"HEAD", b"refs/heads/main", b"refs/heads/master")


def entries(file: BinaryIO, haul: Haul) -> Iterator[tuple[str, bytes | None]]:
    """Yield (name, content) of each file of the branch. Raises Refused."""
    refs, raw = _parted(file.read())
    try:
        objects = Pack(raw, haul).objects
        commit = _object(objects, _chosen(refs), "commit")
        tree = bytes.fromhex(commit.data.split(b"\n", 1)[0].removeprefix(b"tree ").decode())
        yield from _walk(objects, tree, "", 0)
    except (IndexError, ValueError, struct.error, zlib.error) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"not a whole git bundle: {error}") from error


def _parted(raw: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """Return the branches by name, and the pack."""
    head, blank, pack = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    if not blank or lines[0] + b"\n" not in SIGNATURES:
        raise Refused("not a whole git bundle")
    refs = {}
    for line in lines[1:]:
        if line.startswith(b"-"):
            raise Refused("it builds on commits that are not in it: bundle everything (--all)")
        if line.startswith(b"@"):
            if line != b"@object-format=sha1":
                raise Refused(f"a bundle that needs {quoted(line[1:].decode('utf-8', 'replace'))}")
            continue
        digest, _, name = line.partition(b" ")
        refs[name] = digest
    return refs, pack


def _chosen(refs: dict[bytes, bytes]) -> bytes:
    """Return the commit of HEAD, of main or master, or of the only branch there is."""
    for name in BRANCHES:
        if name in refs:
            return bytes.fromhex(refs[name].decode())
    if len(refs) == 1:
        return bytes.fromhex(next(iter(refs.values())).decode())
    raise Refused("it has several branches and no HEAD: bundle HEAD with them")


def _object(objects: dict[bytes, GitObject], digest: bytes, kind: str) -> GitObject:
    found = objects.get(digest)
    if found is None or found.kind != kind:
        raise Refused(f"a {kind} is missing in it: bundle everything (--all)")
    return found


def _walk(
    objects: dict[bytes, GitObject], digest: bytes, prefix: str, depth: int
) -> Iterator[tuple[str, bytes | None]]:
    """Yield what is in a tree; the haul counts, so that trees of trees end in time."""
    if depth > DEPTH:
        raise Refused("nested too deep")
    data, at = _object(objects, digest, "tree").data, 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, _, raw = data[at:end].partition(b" ")
        child, at = data[end + 1 : end + 1 + DIGEST], end + 1 + DIGEST
        name, bits = prefix + raw.decode("utf-8", "surrogateescape"), int(mode, 8)
        if b"/" in raw or not raw:
            raise Refused(f"{quoted(name)} is no name")
        if bits == FOLDER:
            yield name, None
            yield from _walk(objects, child, f"{name}/", depth + 1)
        elif bits in FILES:
            yield name, _object(objects, child, "blob").data
        else:
            raise Refused(f"{quoted(name)} is {REFUSED.get(bits, 'of an unknown type')}")
