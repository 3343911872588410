"""Every table, with one comment that says what a row is. The migrations make them; a test compares the two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

from ledgerloop.store.columns import Moment, Money, Persons, Texts


def _text(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _where(condition: str) -> dict[str, Any]:
    """Limit an index to the rows that are looked for, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


UNFINISHED = "state IN ('intended', 'sent')"
FOLLOWED = "state = 'made' AND (email IN ('wanted', 'asked') OR online_url = 'wanted')"
NOTED = "state = 'made' AND note <> ''"
"""Conditions of indexes. Questions repeat them word for word: SQLite uses such an index for no other wording, and for
none with parameters."""

metadata = MetaData()
number = BigInteger().with_variant(Integer, "sqlite")
"""A row number that SQLite, too, takes for its own."""

# A lane: the one-at-a-time queue of an organisation or portal for one flow, and which turn is next.
lane = Table(
    "lane",
    metadata,
    Column("flow", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("turn", Integer, nullable=False),
    Column("wanted", Boolean, nullable=False),
    Column("wanted_at", Moment),
    Column("begun_at", Moment),
    Column("parked_at", Moment),
    Column("parked_until", Moment),
    _text("parked_why", ""),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", Moment),
    _text("problem", ""),
    _text("failed_why", ""),
)

# The inbox: an event that a vendor told us, once.
inbox = Table(
    "inbox",
    metadata,
    Column("id", number, primary_key=True, autoincrement=True),
    _text("source"),
    _text("key"),
    _text("lane"),
    _text("category"),
    _text("kind"),
    _text("resource"),
    Column("occurred_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    _text("body"),
    _text("state"),
    _text("reason", ""),
    Column("turn", Integer),
    Column("finished_at", Moment),
    UniqueConstraint("source", "key", name="inbox_once"),
    sqlite_autoincrement=True,
)
Index("inbox_by_moment", inbox.c.received_at)
Index("inbox_of_turn", inbox.c.source, inbox.c.lane, inbox.c.turn, **_where("turn IS NOT NULL"))
Index("inbox_waiting", inbox.c.source, inbox.c.lane, inbox.c.received_at, **_where("state = 'waiting'"))

# The last webhook delivery of a vendor for a lane: its sequence number and when it came.
delivery = Table(
    "delivery",
    metadata,
    Column("source", Text, primary_key=True),
    Column("lane", Text, primary_key=True),
    Column("last_sequence", number),
    Column("delivered_at", Moment, nullable=False),
    Column("usual_seconds", Integer),
)

# What came to a vendor's webhook address: when the last rightly signed one did, and what was refused since then.
signature = Table(
    "signature",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("right_at", Moment),
    Column("refused", number, nullable=False),
    Column("refused_since", Moment),
    Column("refused_at", Moment),
    _text("why", ""),
    Column("ever", number, nullable=False),
)

# A gap: numbers of webhook events that never came, or not yet.
gap = Table(
    "gap",
    metadata,
    Column("source", Text, primary_key=True),
    Column("first", number, primary_key=True, autoincrement=False),
    Column("last", number, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

# A contact of an organisation, as the ledger knows it: whoever owes, supplies, is paid, or none of these yet.
customer = Table(
    "customer",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    _text("name"),
    _text("email"),
    _text("number"),
    Column("active", Boolean, nullable=False),
    _text("merged_into"),
    _text("first_name"),
    _text("last_name"),
    _text("phone"),
    _text("street"),
    _text("city"),
    _text("region"),
    _text("postcode"),
    _text("country"),
    Column("updated_at", Moment),
    _text("email_key"),
    Column("persons", Persons, nullable=False, server_default="[]"),
    Column("is_customer", Boolean, nullable=False, server_default=false()),
    Column("is_supplier", Boolean, nullable=False, server_default=false()),
    _text("tax_number", ""),
    _text("company_number", ""),
    Column("keys", Texts, nullable=False, server_default="[]"),
)
Index("customer_by_email", customer.c.organisation, customer.c.email_key, **_where("email_key <> ''"))
Index("customer_by_number", customer.c.organisation, customer.c.number, **_where("number <> ''"))
Index("customer_by_winner", customer.c.organisation, customer.c.merged_into, **_where("merged_into <> ''"))

# A receivable: a sales invoice, credit note, prepayment or overpayment.
receivable = Table(
    "receivable",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    _text("kind"),
    _text("customer"),
    _text("status"),
    _text("currency"),
    Column("total", Money, nullable=False),
    Column("rate", Money, nullable=False),
    Column("due", Money, nullable=False),
    Column("paid", Money, nullable=False),
    Column("credited", Money, nullable=False),
    Column("remaining", Money, nullable=False),
    _text("number"),
    _text("reference"),
    _text("url"),
    Column("issued_on", Date),
    Column("due_on", Date),
    Column("paid_on", Date),
    Column("updated_at", Moment),
    _text("mark", ""),
    Column("credit_notes", Money, nullable=False, server_default="0"),
)
Index("receivable_by_mark", receivable.c.organisation, receivable.c.mark, **_where("mark <> ''"))
Index("receivable_by_url", receivable.c.organisation, receivable.c.url, **_where("url <> ''"))
Index("receivable_by_customer", receivable.c.organisation, receivable.c.customer)
Index("receivable_by_reference", receivable.c.organisation, receivable.c.reference, **_where("reference <> ''"))
Index("receivable_by_day", receivable.c.organisation, receivable.c.issued_on)
Index("receivable_open", receivable.c.organisation, receivable.c.due_on, **_where("status = 'AUTHORISED'"))

# A payment on a receivable; a row for each, so that a payment named by an event can be found here.
payment = Table(
    "payment",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("receivable", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("on", Date, nullable=False),
    Column("amount", Money, nullable=False),
)
Index("payment_by_id", payment.c.organisation, payment.c.id)

# A customer whose standing must be looked at; the mark counts how often that was said. The brake may have stopped it.
dirty = Table(
    "dirty",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("mark", Integer, nullable=False),
    Column("stopped_at", Moment),
)

# A customer whose standing a person planned to have shown: part of an accepted backfill.
planned = Table(
    "planned",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("asked", Boolean, nullable=False, server_default=true()),
)

# Planned work, that which a person asked for and that which a day brought: how many records it may make and change,
# and how many it has.
allowance = Table(
    "allowance",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("asked", Boolean, primary_key=True),
    Column("customers", Integer, nullable=False),
    Column("may_create", Integer, nullable=False),
    Column("may_update", Integer, nullable=False),
    Column("created", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("rests_since", Moment),
    Column("rests_until", Moment),
    _text("rests_why", ""),
    _text("figures", "{}"),
)

# How many records were made and changed in a minute without a plan: what the brake counts.
spent = Table(
    "spent",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("minute", Moment, primary_key=True),
    Column("created", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
)

# A note on a receivable's event, on disk before the request leaves. One for each event, for ever.
note = Table(
    "note",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("receivable", Text, primary_key=True),
    Column("event", Text, primary_key=True),
    _text("state"),
    _text("hubspot_id", ""),
    Column("at", Moment, nullable=False),
)
Index("note_open", note.c.organisation, **_where(UNFINISHED))

# How far a kind of record of an organisation (or portal) has been pulled.
cursor = Table(
    "cursor",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("since", Moment),
    Column("page", Integer, nullable=False),
    Column("highest", Moment),
)

# A link: that a Xero record and a HubSpot record are the same thing; the number of the rule by which it was made, 0 for
# an earlier one; and what a person is asked about it, empty where nothing is.
link = Table(
    "link",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("xero_id", Text, primary_key=True),
    _text("hubspot_id"),
    _text("how"),
    Column("made_at", Moment, nullable=False),
    Column("rule", Integer, nullable=False, server_default="0"),
    _text("asks", ""),
    UniqueConstraint("organisation", "kind", "hubspot_id", name="link_once"),
)
Index("link_by_record", link.c.hubspot_id, link.c.kind)
Index("link_of_an_earlier_rule", link.c.organisation, link.c.kind, link.c.xero_id, **_where("rule = 0"))

# What both sides said of a linked customer's fields when they were last compared, and who said it first; as JSON.
compared = Table(
    "compared",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("xero_id", Text, primary_key=True),
    _text("xero"),
    _text("hubspot"),
    _text("first"),
)

# What a customer (scope: its organisation) or a HubSpot company (scope: its portal) is looked for by, a row for each
# key: its names, addresses, domains and numbers as they are compared. A key finds candidates and decides nothing.
search_key = Table(
    "search_key",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("record", Text, primary_key=True),
)
Index("search_key_by_record", search_key.c.scope, search_key.c.record)

# What a person has said of who is who: that the subject, a customer or the record that pays for deals, is none of
# those in question (no answer), or which one it is.
ruling = Table(
    "ruling",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    _text("answer"),
    Column("said_at", Moment, nullable=False),
    _text("said_by"),
)

# A further person of a customer, its HubSpot contact (empty where HubSpot refused it), and the company it is at.
person = Table(
    "person",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("email", Text, primary_key=True),
    _text("hubspot_id"),
    _text("company"),
)
Index("person_by_email", person.c.email)
Index("person_by_record", person.c.hubspot_id)

# An address that was erased in HubSpot for privacy: its keyed hash alone, and the contact that had it.
erased = Table(
    "erased",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("contact", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)
Index("erased_by_contact", erased.c.contact)

# A company that we made for a customer, until it is certain that HubSpot's search hid no older one of the same firm.
newly_made = Table(
    "newly_made",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    Column("company", Text, primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("look_at", Moment, nullable=False),
    _text("older", ""),
    _text("passed_over", ""),
)
Index("newly_made_by_moment", newly_made.c.organisation, newly_made.c.look_at)

# A pair: the contact and the company of a customer, which were associated in HubSpot.
pair = Table(
    "pair",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("customer", Text, primary_key=True),
    _text("contact"),
    _text("company"),
)

# A HubSpot record that was a customer and is no longer: deleted there, or merged into another.
lost = Table(
    "lost",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("hubspot_id", Text, primary_key=True),
    _text("xero_id"),
    _text("how"),
    Column("at", Moment, nullable=False),
)
Index("lost_by_record", lost.c.hubspot_id, lost.c.kind)
Index("lost_by_customer", lost.c.organisation, lost.c.kind, lost.c.xero_id)

# A HubSpot record of a customer of which something was heard that is not looked at yet; the mark counts how often.
heard = Table(
    "heard",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("hubspot_id", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("mark", Integer, nullable=False),
    Column("event", number),
)

# A fingerprint: the values we last wrote to a record, as a JSON object.
fingerprint = Table(
    "fingerprint",
    metadata,
    Column("portal", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    _text("written"),
)

# An intent: the invoice of a deal, on disk before the request leaves. One for each deal, for ever.
intent = Table(
    "intent",
    metadata,
    Column("portal", Text, primary_key=True),
    Column("deal", Text, primary_key=True),
    _text("organisation"),
    _text("customer"),
    _text("payload"),
    _text("payload_hash"),
    _text("key"),
    _text("marker"),
    _text("url"),
    _text("state"),
    _text("invoice"),
    _text("number"),
    Column("created_at", Moment),
    Column("sent_at", Moment),
    Column("made_at", Moment),
    _text("basis", ""),
    _text("note", ""),
    _text("asks", ""),
    _text("email", ""),
    _text("paid_stage", ""),
    _text("online_url", ""),
    Column("said", Money),
    Column("approved_at", Moment),
    Column("last_sent_at", Moment),
    _text("stood", ""),
    _text("said_currency", ""),
    _text("said_tax", ""),
    _text("deal_name", ""),
    _text("accepted", ""),
)
Index("intent_by_invoice", intent.c.organisation, intent.c.invoice, **_where("invoice <> ''"))
Index("intent_by_state", intent.c.portal, intent.c.state)
Index("intent_followed", intent.c.organisation, **_where(FOLLOWED))
Index("intent_noted", intent.c.portal, **_where(NOTED))
Index("intent_by_marker", intent.c.organisation, intent.c.marker)
Index("intent_by_key", intent.c.portal, intent.c.key)
Index("intent_by_sending", intent.c.portal, intent.c.sent_at)

# A kind of reference data of an organisation, such as its accounts, as it was last read.
book = Table(
    "book",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    _text("content"),
    Column("read_at", Moment, nullable=False),
)

# A line of the journal: what was decided and written, and why.
journal = Table(
    "journal",
    metadata,
    Column("id", number, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    _text("lane"),
    Column("turn", Integer, nullable=False),
    _text("subject"),
    _text("decision"),
    _text("rule"),
    _text("reason"),
    _text("target"),
    _text("written"),
    _text("answer"),
    _text("events"),
    Column("more_events", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
Index("journal_by_subject", journal.c.subject, journal.c.id)
Index("journal_by_moment", journal.c.at)

# A hold: a decision that waits for a person, or, once cleared, that did.
hold = Table(
    "hold",
    metadata,
    Column("subject", Text, primary_key=True),
    _text("lane"),
    _text("reasons"),
    _text("candidates"),
    _text("choices", "[]"),
    Column("since", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("cleared_at", Moment),
    _text("cause", ""),
)
Index("hold_open", hold.c.since, hold.c.subject, **_where("cleared_at IS NULL"))
Index("hold_open_by_cause", hold.c.cause, hold.c.lane, hold.c.subject, **_where("cleared_at IS NULL"))

# A connection: an organisation or portal that a person connected, and by which grant we reach it.
connection = Table(
    "connection",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    _text("name"),
    _text("credential"),
    _text("state"),
    _text("why"),
    _text("facts"),
    Column("since", Moment, nullable=False),
)

# A consent that a person has been sent to give: used once, or forgotten after ten minutes.
consent = Table(
    "consent",
    metadata,
    Column("state", Text, primary_key=True),
    _text("verifier"),
    Column("made_at", Moment, nullable=False),
)

# A single value by its name, such as the hash of the console's password.
value = Table("value", metadata, Column("name", Text, primary_key=True), _text("value"))

# A secret, sealed; its key is not in the database.
secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
