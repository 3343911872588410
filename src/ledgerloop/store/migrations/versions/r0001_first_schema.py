"""Make the first schema: lanes, inbox, mirror, links, intents, journal, connections."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Spelled out here and not taken from the tables module, which goes on changing while this revision does not.
moment = sa.DateTime(timezone=True)
money = sa.Numeric().with_variant(sa.Text(), "sqlite")
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table and index."""
    _make_queues()
    _make_mirror()
    _make_memory()
    _make_connections()


def _make_queues() -> None:
    op.create_table(
        "lane",
        _key("flow"),
        _key("lane"),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("wanted", sa.Boolean, nullable=False),
        sa.Column("wanted_at", moment),
        sa.Column("begun_at", moment),
        sa.Column("parked_until", moment),
        _text("parked_why", default=""),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", number, primary_key=True, autoincrement=True),
        *map(_text, ("source", "key", "lane", "category", "kind", "resource")),
        sa.Column("occurred_at", moment, nullable=False),
        sa.Column("received_at", moment, nullable=False),
        _text("body"),
        _text("state"),
        _text("reason", default=""),
        sa.Column("turn", sa.Integer),
        sa.Column("finished_at", moment),
        sa.UniqueConstraint("source", "key", name="inbox_once"),
        sqlite_autoincrement=True,
    )
    _index("inbox_waiting", "inbox", ["source", "lane", "received_at"], where="state = 'waiting'")
    op.create_table(
        "delivery",
        _key("source"),
        _key("lane"),
        sa.Column("last_sequence", number),
        sa.Column("delivered_at", moment, nullable=False),
    )


def _make_mirror() -> None:
    op.create_table(
        "customer",
        _key("organisation"),
        _key("id"),
        *map(_text, ("name", "email", "number")),
        sa.Column("active", sa.Boolean, nullable=False),
        *map(_text, ("merged_into", "first_name", "last_name", "phone")),
        *map(_text, ("street", "city", "region", "postcode", "country")),
        sa.Column("updated_at", moment),
        *map(_text, ("email_key", "name_key")),
    )
    _index("customer_by_email", "customer", ["organisation", "email_key"], where="email_key <> ''")
    _index("customer_by_name", "customer", ["organisation", "name_key"], where="name_key <> ''")
    _index("customer_by_number", "customer", ["organisation", "number"], where="number <> ''")
    op.create_table(
        "receivable",
        _key("organisation"),
        _key("id"),
        *map(_text, ("kind", "customer", "status", "currency")),
        *(sa.Column(name, money, nullable=False) for name in ("total", "rate", "due", "paid", "credited", "remaining")),
        *map(_text, ("number", "reference", "url")),
        *(sa.Column(name, sa.Date) for name in ("issued_on", "due_on", "paid_on")),
        sa.Column("updated_at", moment),
    )
    _index("receivable_by_customer", "receivable", ["organisation", "customer"])
    _index("receivable_by_reference", "receivable", ["organisation", "reference"], where="reference <> ''")
    _index("receivable_open", "receivable", ["organisation", "due_on"], where="status = 'AUTHORISED'")
    op.create_table(
        "payment",
        _key("organisation"),
        _key("receivable"),
        _key("id"),
        sa.Column("on", sa.Date, nullable=False),
        sa.Column("amount", money, nullable=False),
    )
    _index("payment_by_id", "payment", ["organisation", "id"])
    op.create_table("dirty", _key("organisation"), _key("customer"), sa.Column("mark", sa.Integer, nullable=False))
    op.create_table(
        "cursor",
        _key("organisation"),
        _key("kind"),
        sa.Column("since", moment),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("highest", moment),
    )


def _make_memory() -> None:
    op.create_table(
        "link",
        _key("organisation"),
        _key("kind"),
        _key("xero_id"),
        _text("hubspot_id"),
        _text("how"),
        sa.Column("made_at", moment, nullable=False),
        sa.UniqueConstraint("organisation", "kind", "hubspot_id", name="link_once"),
    )
    op.create_table("fingerprint", _key("portal"), _key("kind"), _key("id"), _text("written"))
    op.create_table(
        "intent",
        _key("portal"),
        _key("deal"),
        *map(_text, ("organisation", "customer", "payload", "payload_hash", "key")),
        *map(_text, ("marker", "url", "state", "invoice", "number")),
        *(sa.Column(name, moment) for name in ("created_at", "sent_at", "made_at")),
    )
    _index("intent_by_invoice", "intent", ["organisation", "invoice"], where="invoice <> ''")
    _index("intent_pending", "intent", ["portal"], where="state IN ('intended', 'sent')")
    op.create_table(
        "journal",
        sa.Column("id", number, primary_key=True, autoincrement=True),
        sa.Column("at", moment, nullable=False),
        _text("lane"),
        sa.Column("turn", sa.Integer, nullable=False),
        *map(_text, ("subject", "decision", "rule", "reason", "target", "written", "answer", "events")),
        sqlite_autoincrement=True,
    )
    _index("journal_by_subject", "journal", ["subject", "id"])
    op.create_table(
        "hold",
        _key("subject"),
        *map(_text, ("lane", "reasons", "candidates")),
        sa.Column("since", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("cleared_at", moment),
    )


def _make_connections() -> None:
    op.create_table(
        "connection",
        _key("vendor"),
        _key("id"),
        *map(_text, ("name", "credential", "state", "why", "facts")),
        sa.Column("since", moment, nullable=False),
    )
    op.create_table("consent", _key("state"), _text("verifier"), sa.Column("made_at", moment, nullable=False))
    op.create_table("value", _key("name"), _text("value"))
    op.create_table("secret", _key("name"), sa.Column("sealed", sa.LargeBinary, nullable=False))


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _index(name: str, table: str, columns: list[str], where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
