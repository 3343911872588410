"""Search what a service leaves behind for secrets, however they are spelled: files, words, lists of processes."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, quote_plus


class Search:
    """Look for some secrets, each by the name that a finding calls it."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._spelled = {name: _spelled(secret) for name, secret in secrets.items()}
        self.searched = 0
        """How many bytes were looked at."""

    def within(self, data: bytes | str) -> list[str]:
        """Name the secrets that are in there."""
        data = data.encode() if isinstance(data, str) else data
        self.searched += len(data)
        return [name for name, some in self._spelled.items() if any(one in data for one in some)]

    def files(self, *roots: Path) -> dict[str, list[str]]:
        """Name the files that have secrets, each with those."""
        every = (file for root in roots for file in sorted(root.rglob("*")) if file.is_file())
        return {str(file): found for file in every if (found := self.within(file.read_bytes()))}


class Arguments:
    """What every process that descends from this one was called with, while somebody watched: anybody may read that."""

    def __init__(self) -> None:
        self.seen: frozenset[bytes] = frozenset()
        self._over = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch while the block lasts."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            parents = _parents()
            for process in parents:
                if os.getpid() in _line(process, parents):
                    with suppress(OSError):  # it has ended
                        self.seen |= {Path(f"/proc/{process}/cmdline").read_bytes()}  # whoever reads it has all of one


def _parents() -> dict[int, int]:
    """Return every process with its parent."""
    found: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            found[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
    return found


def _line(process: int, parents: Mapping[int, int]) -> list[int]:
    """Return the processes from which one descends."""
    line: list[int] = []
    while process in parents and process not in line:
        process = parents[process]
        line.append(process)
    return line


def _spelled(secret: str) -> set[bytes]:
    raw = secret.encode()
    assert len(raw) >= 12, "what is shorter is found by chance"
    some = {raw, raw.hex().encode(), raw[::-1], quote(secret, safe="").encode(), quote_plus(secret).encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):  # wherever it begins in what is encoded
            whole = encode(b"\0" * shift + raw)
            some.add(whole[(0, 2, 3)[shift] : (shift + len(raw)) // 3 * 4])
    return some
