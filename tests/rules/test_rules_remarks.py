"""Remarks on a deal whose invoice stands: each kind is kept by itself."""

from __future__ import annotations

from ledgerloop.rules.remarks import Remarks, note_of, remarks_of, told


def test_each_kind_keeps_its_place() -> None:
    """A remark is found again whichever others there are, and all are said in one text."""
    remarks = Remarks(edit="Too late.", billed="1 of 12.")

    assert remarks_of(note_of(remarks)) == remarks
    assert told(note_of(remarks)) == "Too late. 1 of 12."
    assert note_of(Remarks()) == told("") == ""


def test_a_remark_is_one_line() -> None:
    """What a vendor said may have lines of its own; they end no remark."""
    assert remarks_of(note_of(Remarks(email="No.\nReally.", billed="x"))) == Remarks(email="No. Really.", billed="x")
