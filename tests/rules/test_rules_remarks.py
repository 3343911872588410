"""Remarks on a deal whose invoice stands: each kind is kept by itself."""

from __future__ import annotations

import pytest

from ledgerloop.rules.remarks import Remarks, differs, for_people, note_of, remarks_of, still_told, told


def test_each_kind_keeps_its_place() -> None:
    """A remark is found again whichever others there are, and all are said in one text."""
    remarks = Remarks(edit="Too late.", billed="1 of 12.")

    assert remarks_of(note_of(remarks)) == remarks
    assert told(note_of(remarks), "5") == "Too late. 1 of 12."
    assert note_of(Remarks()) == told("", "5") == ""


def test_a_remark_is_one_line() -> None:
    """What a vendor said may have lines of its own; they end no remark."""
    assert remarks_of(note_of(Remarks(email="No.\nReally.", billed="x"))) == Remarks(email="No. Really.", billed="x")


def test_a_difference_says_how_it_is_called_right() -> None:
    """It names the command; beside an edit the command settles that first, and its own sentence says what it does."""
    assert told(note_of(Remarks(differs="10, not 12.", billed="1 of 12.")), "5") == (
        "10, not 12. Or run `ledgerloop retry --deal 5` if it is right as it stands. 1 of 12."
    )
    assert told(note_of(Remarks(differs="10, not 12.", edit="Too late.")), "5") == "10, not 12. Too late."


@pytest.mark.parametrize(
    ("differences", "accepted", "told", "kept"),
    [
        pytest.param(["10, not 12."], "", "10, not 12.", "", id="nobody has called it right"),
        pytest.param(["10, not 12."], "10, not 12.", "", "10, not 12.", id="called right"),
        pytest.param(["10, not 13."], "10, not 12.", "10, not 13.", "", id="another one"),
        pytest.param([], "10, not 12.", "", "", id="gone, so it is told should it come back"),
        pytest.param(["10, not 12.", "No tax."], "10, not 12.", "No tax.", "10, not 12.", id="a further one"),
        pytest.param(["No\n tax."], "10, not 12. No tax.", "", "No tax.", id="one of two is left"),
    ],
)
def test_what_was_called_right_is_told_no_longer(differences: list[str], accepted: str, told: str, kept: str) -> None:
    """Each difference counts by itself, as it was told."""
    assert still_told(differences, accepted) == (told, kept)


@pytest.mark.parametrize(
    ("remarks", "held", "listed", "differing"),
    [
        pytest.param(Remarks(billed="1 of 12."), False, "", False, id="what is not billed is nobody's fault"),
        pytest.param(Remarks(edit="Too late.", billed="1 of 12."), False, "Too late.", True, id="an edit"),
        pytest.param(Remarks(edit="Too late."), True, "", True, id="one that is held stands among the holds"),
        pytest.param(Remarks(differs="10, not 12.", edit="Too late."), True, "10, not 12.", True, id="and differs"),
        pytest.param(Remarks(email="No."), False, "No.", False, id="an email that Xero would not send"),
        pytest.param(Remarks(recipient="Mia."), False, "Mia.", False, id="a recipient that was taken"),
        pytest.param(Remarks(twice="Two."), False, "", False, id="another invoice stands among the holds"),
    ],
)
def test_what_is_listed_for_people(remarks: Remarks, held: bool, listed: str, differing: bool) -> None:
    """It is what somebody may want to put right, and tells whether deal and invoice say different things."""
    note = note_of(remarks)

    assert for_people(note, "5", held=held).partition(" Or run")[0] == listed
    assert differs(note) is differing
