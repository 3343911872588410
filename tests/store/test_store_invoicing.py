"""What invoicing remembers beside the intent itself: approval, withdrawal, what is followed, and the books."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ledgerloop.records import Event, Intent
from ledgerloop.store import inbox, intents, journal, reference_data
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ONE = Intent(
    "portal", "d1", "org", "c1", '{"a": 1}', "hash", "key", "HS-d1", "https://d1", created_at=NOW, said=Decimal("10.10")
)
TWO = replace(ONE, deal="d2", asks="It waits for approval.")


class TestApproval:
    def test_what_waits_for_approval_is_not_pending(self, database: Database) -> None:
        """An intent that a person must approve leaves once somebody has, and not before."""
        with database.transaction() as tx:
            intents.put(tx, [ONE, TWO])
            assert intents.pending(tx, "portal") == [ONE]
            assert intents.unapproved(tx, "portal") == [ONE, TWO]

            intents.approve(tx, "portal", ["d2", "unknown"], LATER)

            assert intents.pending(tx, "portal") == [ONE, replace(TWO, approved_at=LATER)]
            assert intents.unapproved(tx, "portal") == [ONE]

    def test_what_left_is_approved_no_more(self, database: Database) -> None:
        """An invoice that may have been made is beyond approval."""
        with database.transaction() as tx:
            intents.put(tx, [TWO])
            intents.mark_sent(tx, "portal", ["d2"], NOW)

            intents.approve(tx, "portal", ["d2"], LATER)

            assert intents.get(tx, "portal", ["d2"])["d2"].approved_at is None

    def test_an_approval_stays_with_what_was_approved(self, database: Database) -> None:
        """A decision that was made meanwhile does not take an approval away, unless the deal says something else."""
        with database.transaction() as tx:
            intents.put(tx, [TWO])
            intents.approve(tx, "portal", ["d2"], LATER)

            assert intents.put(tx, [replace(TWO, key="new")])["d2"].approved_at == LATER
            assert intents.put(tx, [replace(TWO, basis="other")])["d2"].approved_at is None

    def test_what_left_within_an_hour(self, database: Database) -> None:
        """The brake counts what left since a moment and nobody approved."""
        with database.transaction() as tx:
            intents.put(tx, [ONE, TWO, replace(ONE, deal="d3"), replace(ONE, deal="d4")])
            intents.approve(tx, "portal", ["d2"], NOW)
            intents.mark_sent(tx, "portal", ["d1", "d2"], LATER)
            intents.mark_sent(tx, "portal", ["d3"], NOW)

            assert [one.deal for one in intents.left_since(tx, "portal", LATER)] == ["d1"]
            assert [one.deal for one in intents.left_since(tx, "portal", NOW)] == ["d1", "d3"]


FOUND = replace(ONE, state="made", invoice="i9", number="INV-9", key="")


class TestClaims:
    def test_an_invoice_is_claimed_for_a_deal_once(self, database: Database) -> None:
        """A deal that nothing was made for takes an invoice; another deal does not get it, nor the deal another one."""
        with database.transaction() as tx:
            intents.put(tx, [ONE])

            assert intents.claim(tx, FOUND, LATER) == FOUND
            assert intents.claim(tx, replace(FOUND, deal="d2"), LATER) == FOUND
            assert intents.claim(tx, replace(FOUND, invoice="i10"), LATER) == FOUND

            assert intents.get(tx, "portal", ["d1", "d2"]) == {"d1": FOUND}
            assert intents.pending(tx, "portal") == []

    def test_a_deal_whose_invoice_may_stand_takes_no_other(self, database: Database) -> None:
        """What may have left is settled first; what was refused, or never left, gives way."""
        with database.transaction() as tx:
            intents.put(tx, [ONE, TWO])
            intents.mark_sent(tx, "portal", ["d1"], NOW)
            intents.mark_refused(tx, "portal", "d2")

            assert intents.claim(tx, FOUND, LATER).state == "sent"
            assert intents.claim(tx, replace(FOUND, deal="d2"), LATER) == replace(FOUND, deal="d2")

    def test_what_was_claimed_meanwhile_does_not_leave(self, database: Database) -> None:
        """Whoever is about to send learns which of the invoices may leave still, and keeps nothing over the others."""
        with database.transaction() as tx:
            intents.put(tx, [ONE, replace(ONE, deal="d3")])
            intents.claim(tx, FOUND, LATER)

            assert intents.mark_sent(tx, "portal", ["d1", "d3"], LATER) == {"d3"}
            assert not intents.mark_made(tx, "portal", "d1", "i1", "INV-1", LATER)
            assert intents.mark_made(tx, "portal", "d3", "i3", "INV-3", LATER)

            assert intents.get(tx, "portal", ["d1"]) == {"d1": FOUND}
            assert intents.made_under(tx, "portal", ["key"]) == {"key"}


class TestMadeIntents:
    def test_only_what_never_left_is_withdrawn(self, database: Database) -> None:
        """A deal that is no longer to be invoiced loses its intent, unless an invoice may stand behind it."""
        with database.transaction() as tx:
            intents.put(tx, [ONE, TWO])
            intents.mark_sent(tx, "portal", ["d1"], NOW)

            intents.withdraw(tx, "portal", ["d1", "d2"])

            assert list(intents.get(tx, "portal", ["d1", "d2"])) == ["d1"]

    def test_followed_until_nothing_is_wanted(self, database: Database) -> None:
        """An invoice is followed while an email or its address is wanted, and not after."""
        with database.transaction() as tx:
            intents.put(tx, [replace(ONE, email="wanted", online_url="wanted"), replace(ONE, deal="d3")])
            assert intents.followed(tx, "org") == []
            for deal in ("d1", "d3"):
                intents.mark_made(tx, "portal", deal, f"i-{deal}", "INV", NOW)
            (made,) = intents.followed(tx, "org")

            intents.change(tx, replace(made, email="sent"), "email")
            assert [one.email for one in intents.followed(tx, "org")] == ["sent"]
            intents.change(tx, replace(made, online_url="https://in.xero.com/1"), "online_url")

            assert intents.followed(tx, "org") == []

    def test_an_email_is_claimed_once(self, database: Database) -> None:
        """Who read that an email is wanted goes on only where nobody else has said so first."""
        with database.transaction() as tx:
            intents.put(tx, [replace(ONE, email="wanted")])
            intents.mark_made(tx, "portal", "d1", "i1", "INV", NOW)
            (made,) = intents.followed(tx, "org")

            assert intents.claim_email(tx, made)
            assert not intents.claim_email(tx, made)
            assert [one.email for one in intents.followed(tx, "org")] == ["asked"]
            assert intents.claim_email(tx, replace(made, email="asked"))  # a request was lost, and was looked for

    def test_a_change_keeps_what_it_does_not_name(self, database: Database) -> None:
        """What happens to a made intent changes what is named, never its marks, key, state or invoice."""
        with database.transaction() as tx:
            intents.put(tx, [ONE])
            intents.mark_made(tx, "portal", "d1", "i1", "INV-1", NOW, "a note")
            made = intents.get(tx, "portal", ["d1"])["d1"]
            assert made.note == "a note"

            wrong = {"key": "x", "marker": "x", "url": "x", "state": "sent", "invoice": "x"}
            changed = replace(made, payload="{}", basis="b", said=Decimal("0.01"), email="sent", **wrong)  # type: ignore[arg-type]
            intents.change(tx, changed, "payload", "basis", "said")

            assert intents.get(tx, "portal", ["d1"])["d1"] == replace(
                made, payload="{}", basis="b", said=Decimal("0.01")
            )


class TestBooks:
    def test_a_change_is_told_and_the_first_reading_is_none(self, database: Database) -> None:
        """Deals that wait for the books go on when a reading shows something else than the last."""
        with database.transaction() as tx:
            told = [reference_data.put(tx, "org", "accounts", text, NOW) for text in ("[]", "[]", "[1]")]

            assert told == [False, False, True]
            assert reference_data.get(tx, "org") == {"accounts": reference_data.Kept("[1]", NOW)}
            assert reference_data.get(tx, "other") == {}

    def test_holds_by_their_cause(self, database: Database) -> None:
        """Who waits because of an organisation's books is known, for as long as they wait for that."""
        with database.transaction() as tx:
            journal.hold(tx, "portal", "deal 1", ["No such currency."], (), NOW, "org")
            journal.hold(tx, "portal", "deal 2", ["No such currency."], (), NOW, "org")
            journal.hold(tx, "portal", "deal 3", ["No line items."], (), NOW)
            journal.hold(tx, "portal", "deal 2", ["No line items."], (), LATER)

            assert journal.caused_by(tx, "portal", "org") == ["deal 1"]
            journal.clear(tx, ["deal 1"], LATER)
            assert journal.caused_by(tx, "portal", "org") == []


def test_records_that_no_turn_has_taken(database: Database) -> None:
    """What waits unread is counted by record, however often events name it, and what a turn took is not."""
    with database.transaction() as tx:
        for number, (category, resource) in enumerate((("deal", "1"), ("deal", "1"), ("deal", "2"), ("contact", "3"))):
            inbox.keep(tx, [Event("hubspot", str(number), "p", category, "x", resource, NOW, "{}")], NOW)

        assert inbox.untaken(tx, "hubspot", "p", "deal") == 2
        inbox.take(tx, "hubspot", "p", 1, limit=2)
        assert inbox.untaken(tx, "hubspot", "p", "deal") == 1
