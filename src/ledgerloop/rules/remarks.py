"""What a deal says though its invoice stands: each kind of remark is kept and cured by itself. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace


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
    twice: str = ""
    """Another invoice bills the deal as well."""


def remarks_of(note: str) -> Remarks:
    """Read remarks as they are kept: each on its line."""
    return Remarks(*note.split("\n")[: len(fields(Remarks))])


def note_of(remarks: Remarks) -> str:
    """Write remarks as they are kept."""
    return "\n".join(" ".join(text.split()) for text in astuple(remarks)).rstrip("\n")


def told(note: str, deal: str) -> str:
    """Say all remarks in one text; beside a difference how a person calls it right, unless an edit is to be settled."""
    remarks = remarks_of(note)
    differs, *others = astuple(remarks)
    cure = or_right(deal) if differs and not remarks.edit else ""
    return " ".join(filter(None, (differs, cure, *others)))


def for_people(note: str, deal: str, *, held: bool) -> str:
    """Say those remarks that somebody may want to put right; nothing where there are none.

    What of recurring lines is not billed is no such thing. What became of an edit stands among the holds where the deal
    is ``held`` for it, and so does another invoice of the deal.
    """
    remarks = remarks_of(note)
    return told(note_of(replace(remarks, billed="", twice="", edit="" if held else remarks.edit)), deal)


def differs(note: str) -> bool:
    """Tell whether a deal and its invoice say different things, by what the deal says."""
    remarks = remarks_of(note)
    return bool(remarks.differs or remarks.edit)


def or_right(deal: str) -> str:
    """Say how a person has it that an invoice is right as it stands; it ends what is told of the invoice."""
    return f"Or run `ledgerloop retry --deal {deal}` if it is right as it stands."


def still_told(differences: Iterable[str], accepted: str) -> tuple[str, str]:
    """Return what is to be told of differences, and what stays ``accepted``, for a person called it right.

    One that is no longer there is accepted no longer: should it come back, it is told anew.
    """
    some = [" ".join(one.split()) for one in differences]
    told = [one for one in some if one not in accepted]
    return " ".join(told), " ".join(one for one in some if one not in told)
