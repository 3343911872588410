"""What a deal says though its invoice stands: each kind of remark is kept and cured by itself. Does no I/O."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Remarks:
    """One text for each kind, in the order in which the deal says them; an empty one says nothing."""

    differs: str = ""
    """The invoice is not what the deal says, or not what was sent."""
    edit: str = ""
    """What became of an edit that came too late."""
    email: str = ""
    """Xero would not email the invoice."""
    billed: str = ""
    """What of the deal this invoice bills, and what it does not."""
    recipient: str = ""
    """Nothing said which contact receives it, so one was taken."""


def remarks_of(note: str) -> Remarks:
    """Read remarks as they are kept: each on its line."""
    return Remarks(*note.split("\n")[:5])


def note_of(remarks: Remarks) -> str:
    """Write remarks as they are kept."""
    return "\n".join(" ".join(text.split()) for text in astuple(remarks)).rstrip("\n")


def told(note: str) -> str:
    """Say all remarks in one text."""
    return " ".join(filter(None, note.split("\n")))
