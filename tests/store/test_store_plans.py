"""What a turn asks of the store stays cheap at 100,000 rows of everything: no table is read whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Boolean, Connection, Date, DateTime, Integer, Table, Text, event
from sqlalchemy.types import TypeDecorator

from ledgerloop.store import (
    clientele,
    contact_persons,
    former_links,
    inbox,
    intents,
    journal,
    last_compared,
    last_written,
    links,
    mirror,
    newly_made,
    notes,
    pending_customers,
    planned,
    search_keys,
    tables,
)
from ledgerloop.store.db import Database
from ledgerloop.store.provenance import Provenance

ROWS = 100_000
MOST_READ = 3_000
"""Rows that one statement may read: some thousand ids are asked for at once."""
MOST_STEPS = 400
"""Thousands of steps of SQLite's machine that one statement may take: reading a table whole takes more."""
NOW, LONG_AGO = datetime(2026, 11, 22, 9, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
THEN = "'2026-11-01 00:00:00.000000'"

FILLED: dict[str, dict[str, str]] = {
    "inbox": {"id": "i", "source": "'xero'", "lane": "'org'", "state": "'done'", "turn": "1"},
    "customer": {"id": "'c' || i", "email_key": "'k' || i", "number": "'n' || i", "merged_into": "''"},
    "receivable": {
        "id": "'r' || i",
        "customer": "'c' || i",
        "kind": "'invoice'",
        "status": "'PAID'",
        "due_on": "'2026-01-01'",
        "issued_on": "'2025-01-01'",
        "mark": "''",
    },
    "payment": {"receivable": "'r' || i", "id": "'p' || i"},
    "note": {"receivable": "'r' || i", "event": "'paid'", "state": "'made'"},
    "link": {
        "kind": "CASE i - i / 2 * 2 WHEN 0 THEN 'contact' ELSE 'company' END",
        "xero_id": "'c' || i",
        "hubspot_id": "'h' || i",
        "how": "'created'",
        "rule": "1",
        "asks": "''",
    },
    "compared": {"kind": "'contact'", "xero_id": "'c' || i"},
    "search_key": {"scope": "'org'", "key": "'name k' || i", "record": "'c' || i"},
    "person": {"customer": "'c' || i", "email": "'e' || i", "hubspot_id": "'h' || i"},
    "newly_made": {
        "customer": "'c' || i",
        "company": "'h' || i",
        "look_at": "'2199-01-01 00:00:00.000000'",
        "older": "''",
    },
    "lost": {"kind": "'contact'", "hubspot_id": "'g' || i", "xero_id": "'c' || i"},
    "fingerprint": {"portal": "'portal'", "kind": "'deal'", "id": "'d' || i"},
    "intent": {
        "portal": "'portal'",
        "deal": "'d' || i",
        "invoice": "'r' || i",
        "marker": "'HS-' || i",
        "key": "'key' || i",
        "state": "'made'",
        "email": "'sent'",
        "online_url": "'https://in.xero.com/x'",
        "asks": "''",
    },
    "journal": {"id": "i", "subject": "'deal d' || i"},
    "hold": {"subject": "'deal d' || i", "lane": "'portal'", "cleared_at": THEN, "cause": "'org'"},
}
"""A row for each number ``i``, as a store of some years holds it: nearly everything is done."""

SOME = ["1", "2"]
C, H, R, D = (["c1", "c2"], ["h1", "h2"], ["r1", "r2"], ["d1", "d2"])

READS: dict[str, Callable[[Connection], object]] = {
    "a turn takes its events": lambda tx: inbox.take(tx, "xero", "org", 7, 10_000),
    "a turn ends": lambda tx: inbox.finish(tx, "xero", "org", 7, NOW),
    "a turn is parked": lambda tx: inbox.release(tx, "xero", "org", 7),
    "events wait": inbox.waiting,
    "backlogs": inbox.backlogs,
    "line items wait": lambda tx: inbox.untaken(tx, "hubspot", "portal", "line_item"),
    "the oldest event": inbox.oldest,
    "old events go": lambda tx: inbox.prune(tx, LONG_AGO),
    "events that led to a line": lambda tx: Provenance("org", 7, "standing", "xero").led_to(tx, ["customer c1"]),
    "the oldest line": journal.oldest,
    "old lines go": lambda tx: journal.prune(tx, LONG_AGO),
    "lines of a deal": lambda tx: journal.reasons_said(tx, "deal d1", ["Because."]),
    "what was last said": lambda tx: journal.latest_value(tx, ["deal d1"], "email"),
    "who waits": journal.holds,
    "whom invoices hold": lambda tx: journal.caused_among(tx, "portal", [f"invoice {n}" for n in range(300)]),
    "whom books hold": lambda tx: journal.caused_by(tx, "portal", "org"),
    "who of these waits": lambda tx: journal.waiting(tx, ["deal d1"]),
    "no longer held": lambda tx: journal.clear(tx, ["deal d1"], NOW),
    "customers": lambda tx: mirror.customers(tx, "org", C),
    "customers by email": lambda tx: mirror.customers_by_email(tx, "org", ["k1"]),
    "customers by number": lambda tx: mirror.customers_by_number(tx, "org", ["n1"]),
    "customers by keys": lambda tx: mirror.customers_by_keys(tx, "org", ["name k1"]),
    "merged into these": lambda tx: mirror.losers(tx, "org", C),
    "receivables": lambda tx: mirror.receivables(tx, "org", R),
    "receivables of customers": lambda tx: mirror.receivables_of(tx, "org", C),
    "receivables by mark": lambda tx: mirror.receivables_marked(tx, "org", ["HS-1"], ["https://x"]),
    "marks that several carry": mirror.marks_twice,
    "strangers that wait": lambda tx: mirror.strangers_waiting(tx, "org"),
    "who is late": lambda tx: mirror.becoming_overdue(tx, "org", date(2026, 11, 22)),
    "approved this month": lambda tx: mirror.approved_between(tx, "org", date(2026, 11, 1), date(2026, 11, 30)),
    "how fresh": lambda tx: mirror.last_updated(tx, "org", [*C, *R, "p1"]),
    "who paid": lambda tx: mirror.payers(tx, "org", ["p1", "p2"]),
    "payments known": lambda tx: mirror.payments_known(tx, "org", ["p1"]),
    "who is a customer": lambda tx: clientele.among(tx, "org", C),
    "whom to compare": lambda tx: clientele.to_compare(tx, "org", "c5", 40),
    "links": lambda tx: links.find(tx, "org", "contact", C),
    "links by record": lambda tx: links.find_by_hubspot(tx, "org", "contact", H),
    "links anywhere": lambda tx: links.of_records(tx, "contact", H),
    "links in question": lambda tx: links.asked(tx, list(links.find(tx, "org", "contact", C).values())),
    "links of an earlier rule": lambda tx: links.unreviewed(tx, "org", limit=100),
    "links of an earlier rule of these": lambda tx: links.unreviewed(tx, "org", C),
    "links to look at": lambda tx: links.after(tx, "org", "contact", "h5", 100),
    "lost records": lambda tx: former_links.of_records(tx, "contact", H),
    "losses of customers": lambda tx: former_links.of_customers(tx, "org", "contact", C),
    "further people": lambda tx: contact_persons.of_customers(tx, "org", C),
    "people by record": lambda tx: contact_persons.of_records(tx, H),
    "people by email": lambda tx: contact_persons.by_email(tx, ["e1"]),
    "companies just made": lambda tx: newly_made.due(tx, "org", NOW, 100),
    "companies asked about": lambda tx: newly_made.asked(tx, "org", C),
    "what was compared": lambda tx: last_compared.get(tx, "org", "contact", C),
    "what was written": lambda tx: last_written.get(tx, "portal", "deal", D),
    "search keys": lambda tx: search_keys.find(tx, "org", ["name k1"]),
    "notes": lambda tx: notes.of_receivables(tx, "org", R),
    "notes that are open": lambda tx: notes.customers_open(tx, "org"),
    "intents": lambda tx: intents.get(tx, "portal", D),
    "intents by invoice": lambda tx: intents.by_invoice(tx, "org", R),
    "intents by mark": lambda tx: intents.by_marker(tx, "org", ["HS-1"]),
    "intents by key": lambda tx: intents.made_under(tx, "portal", ["key1"]),
    "intents to settle": lambda tx: intents.unsettled(tx, "portal"),
    "intents to send": lambda tx: intents.pending(tx, "portal"),
    "intents nobody approved": lambda tx: intents.unapproved(tx, "portal"),
    "intents that left lately": lambda tx: intents.left_since(tx, "portal", NOW),
    "intents to follow": lambda tx: intents.followed(tx, "org"),
    "who is to be looked at": lambda tx: pending_customers.first(tx, "org", 1000, planned=False),
    "planned work": lambda tx: planned.batch(tx, "org", 200),
}
"""What the turns, the schedule and the webhooks ask for, by what it is."""


def test_nothing_on_a_turns_way_reads_a_table_whole(database: Database) -> None:
    """Every question is answered by an index that the planner can use, and every change finds its rows by one."""
    with database.transaction() as tx:
        for name in FILLED:
            _fill(tx, tables.metadata.tables[name])
        if tx.dialect.name == "postgresql":
            tx.exec_driver_sql("ANALYZE")  # as its autovacuum does; a SQLite file never has figures
    dear: dict[str, str] = {}
    for name, ask in READS.items():
        with database.transaction() as tx:
            asked: list[tuple[str, Any, bool]] = []
            event.listen(tx, "before_cursor_execute", _keeping(asked))
            ask(tx)
            statements = [(query, given) for query, given, many in asked if not many]
        for query, given in statements:
            with database.transaction() as tx:
                found = (
                    _on_sqlite(tx, query, given) if tx.dialect.name == "sqlite" else _on_postgresql(tx, query, given)
                )
            if found:
                dear[name] = f"{found}: {' '.join(query.split())}"

    assert not dear, "\n".join(f"{name}: {why}" for name, why in dear.items())


def _keeping(asked: list[tuple[str, Any, bool]]) -> Callable[..., None]:
    def keep(_tx: Any, _cursor: Any, query: str, given: Any, _context: Any, many: bool) -> None:
        if query.split(maxsplit=1)[0] in ("SELECT", "UPDATE", "DELETE", "WITH"):
            asked.append((query, given, many))

    return keep


def _on_sqlite(tx: Connection, query: str, given: Any) -> str:
    """Say what is dear about a statement: a scan in its plan, or the steps that it takes."""
    plan = [str(row[3]) for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given)]
    scans = [step for step in plan if step.startswith("SCAN ") and step.split()[1] in FILLED and " USING " not in step]
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    raw = tx.connection.driver_connection
    assert raw is not None
    raw.set_progress_handler(count, 1000)
    tx.exec_driver_sql(query, given)
    raw.set_progress_handler(None, 1000)
    return f"{steps},000 steps by {plan}" if scans or steps > MOST_STEPS else ""


def _on_postgresql(tx: Connection, query: str, given: Any) -> str:
    """Say what is dear about a statement: a table that is read whole, or the rows that it reads."""
    told = tx.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", given).scalar_one()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    looked = [node for node in _nodes(plan) if "Relation Name" in node and node.get("Actual Loops", 1)]
    read = {node["Relation Name"]: (node["Node Type"], _rows(node)) for node in looked}
    bad = {name: one for name, one in read.items() if name in FILLED and (one[0] == "Seq Scan" or one[1] > MOST_READ)}
    return str(bad) if bad else ""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from _nodes(one)


def _rows(node: dict[str, Any]) -> float:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 1))


def _fill(tx: Connection, table: Table) -> None:
    """Insert a row for each number, as FILLED says, and otherwise with whatever its columns take."""
    given = FILLED[table.name]
    usual = {column.name: _usual(column.name, column.type) for column in table.c if not column.nullable}
    values = {**usual, **given}
    typed = {
        name: f"CAST({value} AS TIMESTAMP WITH TIME ZONE)"
        if tx.dialect.name == "postgresql" and isinstance(_plain(table.c[name].type), DateTime)
        else f"CAST({value} AS DATE)"
        if tx.dialect.name == "postgresql" and isinstance(table.c[name].type, Date)
        else value
        for name, value in values.items()
    }
    columns = ", ".join(f'"{name}"' for name in typed)
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
    tx.exec_driver_sql(f'INSERT INTO "{table.name}" ({columns}) {numbers} SELECT {", ".join(typed.values())} FROM n')


_JSON = dict.fromkeys(("persons", "keys", "events"), "'[]'")
_JSON |= dict.fromkeys(("written", "xero", "hubspot", "first"), "'{}'")


def _plain(type_: Any) -> Any:
    return type_.impl if isinstance(type_, TypeDecorator) else type_


def _usual(name: str, type_: Any) -> str:
    plain = _plain(type_)
    if isinstance(plain, DateTime):
        return THEN
    if isinstance(plain, Date):
        return "'2026-01-01'"
    if isinstance(plain, Boolean):
        return "true" if name == "active" else "false"
    if isinstance(plain, Integer):
        return "0"
    if isinstance(plain, Text):
        if name == "organisation":
            return "'org'"
        return _JSON.get(name, "'x' || i")
    return "0"


@pytest.mark.parametrize("name", sorted(FILLED))
def test_what_is_filled_is_a_table(name: str) -> None:
    """A table that is renamed is renamed here, too."""
    assert name in tables.metadata.tables
