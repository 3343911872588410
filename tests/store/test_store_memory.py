"""Cursors, links, fingerprints, intents and the journal: what we did, kept so that it is not done again."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ledgerloop.records import Entry, Intent, Link
from ledgerloop.store import cursors, intents, journal, last_written, links
from ledgerloop.store.cursors import Cursor
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


class TestCursors:
    def test_begin_at_the_beginning(self, database: Database) -> None:
        """What was never pulled is pulled from the beginning of time, from the first page."""
        with database.reading() as tx:
            assert cursors.get(tx, "org", "invoices") == Cursor("org", "invoices", None, 1, None)

    def test_go_on_in_the_middle(self, database: Database) -> None:
        """A cursor comes back with its page, so that a pull that was killed goes on there."""
        with database.transaction() as tx:
            cursors.put(tx, Cursor("org", "invoices", NOW, 1, None))
            cursors.put(tx, Cursor("org", "invoices", NOW, 4, LATER))

            assert cursors.get(tx, "org", "invoices") == Cursor("org", "invoices", NOW, 4, LATER)
            assert cursors.get(tx, "org", "contacts").page == 1


class TestLinks:
    def test_found_from_both_sides(self, database: Database) -> None:
        """A link is found by either id, in its own organisation and kind only."""
        link = Link("org", "x1", "contact", "h1", "email")
        with database.transaction() as tx:
            assert links.put(tx, [link], NOW) == [link]

            assert links.find(tx, "org", "contact", ["x1", "x2"]) == {"x1": link}
            assert links.find_by_hubspot(tx, "org", "contact", ["h1"]) == {"h1": link}
            assert links.find(tx, "org", "company", ["x1"]) == {}
            assert links.find(tx, "other", "contact", ["x1"]) == {}

    def test_the_first_stays(self, database: Database) -> None:
        """A second link of either side is not kept, and the answer names the one that stands."""
        first = Link("org", "x1", "contact", "h1", "email")
        same_xero = Link("org", "x1", "contact", "h2", "created")
        same_hubspot = Link("org", "x2", "contact", "h1", "created")
        another_kind = Link("org", "x1", "company", "h1", "created")
        with database.transaction() as tx:
            links.put(tx, [first], NOW)

            assert links.put(tx, [same_xero, same_hubspot, another_kind], LATER) == [first, first, another_kind]

    def test_removed_only_as_it_stands(self, database: Database) -> None:
        """Removing a link that was replaced meanwhile removes nothing."""
        link = Link("org", "x1", "contact", "h1", "email")
        with database.transaction() as tx:
            links.put(tx, [link], NOW)
            links.remove(tx, replace(link, hubspot_id="h2"))
            assert links.find(tx, "org", "contact", ["x1"]) == {"x1": link}

            links.remove(tx, link)
            assert links.find(tx, "org", "contact", ["x1"]) == {}

    def test_two_threads_agree(self, database: Database) -> None:
        """When two threads link the same record at once, both learn of the same link."""
        answers: list[list[Link]] = []

        def link_to(hubspot_id: str) -> None:
            with database.transaction() as tx:
                answers.append(links.put(tx, [Link("org", "x1", "contact", hubspot_id, "created")], NOW))

        threads = [threading.Thread(target=link_to, args=(each,)) for each in ("h1", "h2")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers[0] == answers[1]


class TestFingerprints:
    def test_add_up(self, database: Database) -> None:
        """What is written later is added to what was written before."""
        with database.transaction() as tx:
            last_written.put(tx, "portal", "contact", {"1": {"a": "1", "b": "2"}, "2": {"a": "x"}})
            last_written.put(tx, "portal", "contact", {"1": {"b": "3", "c": ""}})

            assert last_written.get(tx, "portal", "contact", ["1", "2", "3"]) == {
                "1": {"a": "1", "b": "3", "c": ""},
                "2": {"a": "x"},
            }
            assert last_written.get(tx, "portal", "deal", ["1"]) == {}

    def test_forgotten(self, database: Database) -> None:
        """A forgotten record is one that we never wrote to."""
        with database.transaction() as tx:
            last_written.put(tx, "portal", "contact", {"1": {"a": "1"}, "2": {"a": "2"}})
            last_written.forget(tx, "portal", "contact", ["1"])

            assert last_written.get(tx, "portal", "contact", ["1", "2"]) == {"2": {"a": "2"}}


class TestIntents:
    INTENT = Intent("portal", "d1", "org", "c1", '{"a": 1}', "hash", "key", "HS-d1", "https://d1", created_at=NOW)
    ANOTHER = replace(INTENT, payload='{"a": 2}', payload_hash="other", key="key 2")

    def test_may_change_until_sent(self, database: Database) -> None:
        """An intent that never left takes new values."""
        with database.transaction() as tx:
            assert intents.put(tx, [self.INTENT]) == {"d1": self.INTENT}
            assert intents.put(tx, [self.ANOTHER]) == {"d1": self.ANOTHER}
            assert intents.pending(tx, "portal") == [self.ANOTHER]

    def test_stands_once_sent(self, database: Database) -> None:
        """An intent that may have reached the vendor keeps its values, and the caller learns which."""
        sent = replace(self.INTENT, state="sent", sent_at=LATER, last_sent_at=LATER)
        with database.transaction() as tx:
            intents.put(tx, [self.INTENT])
            intents.mark_sent(tx, "portal", ["d1"], LATER)

            assert intents.put(tx, [self.ANOTHER]) == {"d1": sent}
            assert intents.unsettled(tx, "portal") == [sent]
            assert intents.pending(tx, "portal") == [sent]

    def test_sent_again_keeps_the_first_moment(self, database: Database) -> None:
        """Looking for a lost invoice begins at the first request, however often it was sent."""
        with database.transaction() as tx:
            intents.put(tx, [self.INTENT])
            intents.mark_sent(tx, "portal", ["d1"], NOW)
            intents.mark_sent(tx, "portal", ["d1"], LATER)

            sent = intents.get(tx, "portal", ["d1"])["d1"]
            assert (sent.sent_at, sent.last_sent_at) == (NOW, LATER)

    def test_stands_for_ever_once_made(self, database: Database) -> None:
        """A deal whose invoice was made never gets another, whatever is said later."""
        with database.transaction() as tx:
            intents.put(tx, [self.INTENT])
            intents.mark_sent(tx, "portal", ["d1"], NOW)
            intents.mark_made(tx, "portal", "d1", "inv", "INV-1", LATER)
            intents.mark_refused(tx, "portal", "d1")
            intents.mark_sent(tx, "portal", ["d1"], LATER)
            made = replace(self.INTENT, state="made", invoice="inv", number="INV-1", sent_at=NOW, last_sent_at=NOW)

            assert intents.put(tx, [self.ANOTHER]) == {"d1": made}
            assert intents.by_invoice(tx, "org", ["inv", "", "unknown"]) == {"inv": made}
            assert intents.pending(tx, "portal") == intents.unsettled(tx, "portal") == []

    def test_may_change_when_refused(self, database: Database) -> None:
        """An intent that the vendor refused waits for new values, and is sent with them."""
        with database.transaction() as tx:
            intents.put(tx, [self.INTENT])
            intents.mark_sent(tx, "portal", ["d1"], NOW)
            intents.mark_refused(tx, "portal", "d1")
            assert intents.pending(tx, "portal") == []
            intents.mark_sent(tx, "portal", ["d1"], NOW)
            assert intents.unsettled(tx, "portal") == []

            assert intents.put(tx, [self.ANOTHER]) == {"d1": self.ANOTHER}

    def test_a_new_key_only_while_unsettled(self, database: Database) -> None:
        """An intent of which nothing was made gets a new key; a made one keeps the key it was made under."""
        with database.transaction() as tx:
            intents.put(tx, [self.INTENT, replace(self.INTENT, deal="d2")])
            intents.mark_made(tx, "portal", "d2", "inv", "INV-1", NOW)
            intents.rekey(tx, "portal", ["d1", "d2"], "new")
            keys = {deal: intent.key for deal, intent in intents.get(tx, "portal", ["d1", "d2"]).items()}

        assert keys == {"d1": "new", "d2": "key"}

    def test_those_of_one_request_together(self, database: Database) -> None:
        """Pending intents come in the order in which they were made, those of one key side by side."""
        first, second = replace(self.INTENT, key="b"), replace(self.INTENT, deal="d2", key="a")
        third = replace(self.INTENT, deal="d0", key="b")
        with database.transaction() as tx:
            intents.put(tx, [first, second, third])

            assert intents.pending(tx, "portal") == [second, third, first]


class TestJournal:
    def test_newest_first(self, database: Database) -> None:
        """Lines come back whole, the newest first, of everything or of one subject."""
        first = Entry(
            at=NOW,
            lane="org",
            turn=3,
            subject="customer c1",
            decision="update",
            rule="properties_from_standing",
            reason="The standing changed.",
            target="hubspot contact 512",
            values={"xero_outstanding_balance": "0.00"},
            answer="written",
            events=(1, 2),
        )
        second = Entry(LATER, "portal", 1, "deal 7", "hold", "invoice_from_deal", "No line items.")
        with database.transaction() as tx:
            journal.add(tx, [first, second])
            journal.add(tx, [])

            assert journal.recent(tx, 5) == [second, first]
            assert journal.recent(tx, 5, "customer c1") == [first]
            assert journal.recent(tx, 1) == [second]
            assert (1, 0) == (journal.prune(tx, second.at), journal.prune(tx, second.at))
            assert journal.recent(tx, 5) == [second]


class TestHolds:
    def test_news_only_when_something_changed(self, database: Database) -> None:
        """Holding again for the same reasons is no news; other reasons or candidates are."""
        with database.transaction() as tx:
            assert journal.hold(tx, "portal", "deal 7", ["No contact."], [], NOW)
            assert not journal.hold(tx, "portal", "deal 7", ("No contact.",), (), LATER)
            assert journal.hold(tx, "portal", "deal 7", ["No contact.", "No lines."], [], LATER)
            assert journal.hold(tx, "portal", "deal 7", ["No contact.", "No lines."], ["c1"], LATER)
            (held,) = journal.holds(tx)

        assert (held.reasons, held.candidates) == (("No contact.", "No lines."), ("c1",))
        assert (held.since, held.changed_at) == (NOW, LATER)

    def test_cleared(self, database: Database) -> None:
        """A cleared subject waits no more, and holding it again is news, with a new beginning."""
        with database.transaction() as tx:
            journal.hold(tx, "portal", "deal 7", ["No contact."], [], NOW)
            journal.hold(tx, "portal", "deal 8", ["No contact."], [], NOW)
            journal.clear(tx, ["deal 7", "deal 9"], LATER)
            assert [held.subject for held in journal.holds(tx)] == ["deal 8"]
            assert journal.held(tx, "deal 7") is None

            assert journal.hold(tx, "portal", "deal 7", ["No contact."], [], LATER)
            held = journal.held(tx, "deal 7")
        assert held is not None
        assert held.since == LATER
