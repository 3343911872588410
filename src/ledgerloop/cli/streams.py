"""Make standard output and standard error fit to be written to, whoever started us, and remember what they refused."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class Stream(io.FileIO):
    """Write to a descriptor, and remember why it took nothing; whoever writes need not know.

    A pipe that nobody reads from any more is told all the same: then there is no use in going on.
    """

    refused = ""
    before: object = None
    """What was in its place; it would close the descriptor if nobody kept it."""

    def write(self, data: Any) -> int:
        """Write what is given, or take it for written."""
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            raise
        except OSError as error:
            self.refused = error.strerror or "unknown"
            return len(data)


def make_fit() -> tuple[Stream, Stream]:
    """Exchange both streams for what remembers, and writes as escapes what a terminal cannot show.

    In the place of a closed one the next file to be opened would be written to, such as the database: it is taken.
    """
    while (descriptor := os.open(os.devnull, os.O_RDONLY)) <= 2:  # refuses what is written, as a closed one does
        pass
    os.close(descriptor)
    out, err = Stream(1, "w", closefd=False), Stream(2, "w", closefd=False)
    sys.stdout = _text(out, sys.stdout)
    sys.stderr = _text(err, sys.stderr, line_buffering=True)
    return out, err


def _text(raw: Stream, before: object, line_buffering: bool = False) -> io.TextIOWrapper:
    raw.before = before
    encoding = getattr(before, "encoding", None) or "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=line_buffering or raw.isatty()
    )
