"""The mirror: our copy of the ledger facts we need.

Pulls overlap and come out of order, so storing compares: what is older than the copy is ignored, and only what really
differs puts its customer on the dirty list.

Payments have a table of their own, because a payment that an event names must be found by its id, without reading
every receivable. They are replaced together with their receivable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, exists, func, select, text

from ledgerloop.records import Customer, Payment, Receivable
from ledgerloop.store import pending_customers, search_keys
from ledgerloop.store.statements import chunks, insert_or_ignore, one_at_a_time, upsert
from ledgerloop.store.survivors import move_receivables, survivors
from ledgerloop.store.tables import customer as customer_table
from ledgerloop.store.tables import dirty as dirty_table
from ledgerloop.store.tables import payment as payment_table
from ledgerloop.store.tables import receivable as receivable_table

Fact = TypeVar("Fact", Customer, Receivable)

_CUSTOMER = tuple(field.name for field in fields(Customer))
_RECEIVABLE = tuple(field.name for field in fields(Receivable) if field.name != "payments")
MOST_MERGES = 20
"""How long a chain of merges is followed."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def store_customers(tx: Connection, customers: Iterable[Customer], *, touch: bool = True) -> list[str]:
    """Store customers, and answer with the ids this touched: who changed, and whom they were merged into.

    The touched are dirty from now on, unless ``touch`` is off, as it is while the mirror is filled for the first time.
    """
    touched: set[str] = set()
    for organisation, some in _portions(customers):
        one_at_a_time(tx, f"mirror {organisation}")
        stored = _customers(tx, organisation, customer_table.c.id, [each.id for each in some])
        before = {each.id: each for each in stored}
        new, changed = _news(some, before)
        upsert(tx, customer_table, [_row(each, _CUSTOMER) for each in new])
        _keep_keys(tx, organisation, new, before)
        heirs = move_receivables(tx, organisation, [each.id for each in changed if each.merged_into])
        ids = {each.id for each in changed} | {each.merged_into for each in changed if each.merged_into} | heirs
        if touch:
            pending_customers.mark(tx, organisation, ids)
        touched |= ids
    return sorted(touched)


def store_receivables(tx: Connection, receivables: Iterable[Receivable], *, touch: bool = True) -> list[str]:
    """Store receivables with their payments, and answer with the ids of the customers this touched.

    A receivable that moved from one customer to another touches both. ``touch`` is as for :func:`store_customers`.
    """
    touched: set[str] = set()
    for organisation, some in _portions(map(_in_order, receivables)):
        one_at_a_time(tx, f"mirror {organisation}")
        some = _with_survivors(tx, organisation, some)
        stored = _receivables(tx, organisation, receivable_table.c.id, [each.id for each in some])
        before = {each.id: each for each in stored}
        new, changed = _news(some, before)
        upsert(tx, receivable_table, [_row(each, _RECEIVABLE) for each in new])
        _replace_payments(tx, organisation, before, changed)
        ids = {each.customer for each in changed} | {before[each.id].customer for each in changed if each.id in before}
        if touch:
            pending_customers.mark(tx, organisation, ids)
        touched |= ids
    return sorted(touched)


def replace_receivables(tx: Connection, organisation: str, customer: str, receivables_: Iterable[Receivable]) -> None:
    """Put what was read anew in the place of all that we had of a customer, whichever is newer, and touch it.

    What the ledger did not give back is gone from it, or belongs to somebody else.
    """
    fresh = list(receivables_)
    keep = {each.id for each in fresh}
    had = _receivables(tx, organisation, receivable_table.c.customer, [customer])
    gone = [each.id for each in had if each.id not in keep]
    for some in chunks([*keep, *gone]):
        for table, key in ((payment_table, payment_table.c.receivable), (receivable_table, receivable_table.c.id)):
            tx.execute(delete(table).where(table.c.organisation == organisation, key.in_(some)))
    store_receivables(tx, fresh, touch=False)
    pending_customers.mark(tx, organisation, [customer])


def touch_updated_since(tx: Connection, organisation: str, since: datetime) -> None:
    """Have every customer looked at that changed since a moment, itself or by one of its receivables."""
    own = select(customer_table.c.id).where(
        customer_table.c.organisation == organisation, customer_table.c.updated_at >= since
    )
    through = select(receivable_table.c.customer).where(
        receivable_table.c.organisation == organisation, receivable_table.c.updated_at >= since
    )
    pending_customers.mark(tx, organisation, tx.execute(own.union(through)).scalars())


def customers(tx: Connection, organisation: str, ids: Collection[str]) -> dict[str, Customer]:
    """Look customers up by id; unknown ids are absent."""
    return {each.id: each for each in _customers(tx, organisation, customer_table.c.id, ids)}


def customers_by_email(tx: Connection, organisation: str, email_keys: Collection[str]) -> dict[str, list[Customer]]:
    """Look customers up by the email as matching compares it. An email is not unique in a ledger."""
    return _grouped(_customers(tx, organisation, customer_table.c.email_key, email_keys), "email_key")


def customers_by_keys(tx: Connection, organisation: str, keys: Collection[str]) -> dict[str, list[Customer]]:
    """Look customers up by what they are looked for by, such as “name acme” or “domain acme.co.nz”."""
    found = search_keys.find(tx, organisation, keys)
    known = customers(tx, organisation, sorted({each for some in found.values() for each in some}))
    return {key: [known[each] for each in some if each in known] for key, some in found.items()}


def namesakes(tx: Connection, organisation: str, some: Iterable[Customer]) -> list[Customer]:
    """List all who are looked for by a name of one of these, themselves included; how alike they are is not said."""
    found = customers_by_keys(tx, organisation, {key for one in some for key in one.keys if key.startswith("name ")})
    return list({one.id: one for those in found.values() for one in those}.values())


def customers_by_number(tx: Connection, organisation: str, numbers: Collection[str]) -> dict[str, list[Customer]]:
    """Look customers up by their number, the slot that carries a HubSpot id."""
    return _grouped(_customers(tx, organisation, customer_table.c.number, numbers), "number")


def strangers_waiting(tx: Connection, organisation: str) -> dict[str, int]:
    """List whom receivables name and we lack among those on the dirty list, each with its mark."""
    columns = receivable_table.c
    owes = exists().where(columns.organisation == organisation, columns.customer == dirty_table.c.customer)
    mine = select(dirty_table.c.customer, dirty_table.c.mark).where(dirty_table.c.organisation == organisation)
    rows = tx.execute(mine.where(~_known(organisation, dirty_table.c.customer), owes))
    return {row.customer: row.mark for row in rows}


def strangers(tx: Connection, organisation: str) -> set[str]:
    """List whom receivables name and we lack, which reads the whole index of receivables by customer."""
    columns = receivable_table.c
    named = select(columns.customer).where(columns.organisation == organisation, columns.customer != "").distinct()
    each = named.subquery()
    return set(tx.execute(select(each.c.customer).where(~_known(organisation, each.c.customer))).scalars())


def losers(tx: Connection, organisation: str, winners: Collection[str]) -> list[Customer]:
    """List the customers that were merged into these."""
    return list(_customers(tx, organisation, customer_table.c.merged_into, winners))


def survivor(tx: Connection, organisation: str, customer: Customer) -> Customer | None:
    """Follow a customer's merges to who stands at their end; none where the mirror lacks it, or they go in a ring."""
    found: Customer | None = customer
    for _ in range(MOST_MERGES):
        if found is None or not found.merged_into:
            return found
        found = customers(tx, organisation, [found.merged_into]).get(found.merged_into)
    return None


def receivables(tx: Connection, organisation: str, ids: Collection[str]) -> dict[str, Receivable]:
    """Look receivables up by id; unknown ids are absent."""
    return {each.id: each for each in _receivables(tx, organisation, receivable_table.c.id, ids)}


def invoices_after(tx: Connection, organisation: str, after: str, limit: int) -> list[Receivable]:
    """List sales invoices in the order of their ids, beginning after the one given, without their payments."""
    columns = receivable_table.c
    mine = select(*(columns[name] for name in _RECEIVABLE)).where(columns.organisation == organisation)
    some = mine.where(columns.kind == "invoice", columns.id > after).order_by(columns.id).limit(limit)
    return [Receivable(**row._mapping) for row in tx.execute(some)]


def receivables_of(tx: Connection, organisation: str, customer_ids: Collection[str]) -> dict[str, list[Receivable]]:
    """Look up all receivables of these customers; a customer without any is absent."""
    return _grouped(_receivables(tx, organisation, receivable_table.c.customer, customer_ids), "customer")


def receivables_by_reference(
    tx: Connection, organisation: str, references: Collection[str]
) -> dict[str, list[Receivable]]:
    """Look receivables up by their whole reference."""
    return _grouped(_receivables(tx, organisation, receivable_table.c.reference, references), "reference")


def receivables_marked(
    tx: Connection, organisation: str, marks: Collection[str], urls: Collection[str]
) -> list[Receivable]:
    """Look receivables up by a deal's mark in their reference, or by a deal's address; each once."""
    found = [
        *_receivables(tx, organisation, receivable_table.c.mark, marks),
        *_receivables(tx, organisation, receivable_table.c.url, urls),
    ]
    return list({each.id: each for each in found}.values())


def marks_twice(tx: Connection) -> list[str]:
    """List the marks that several receivables carry, whichever organisations they are in."""
    table = receivable_table.c
    query = select(table.mark).where(text("mark <> ''")).group_by(table.mark).having(func.count() > 1)
    return list(tx.execute(query.order_by(table.mark)).scalars())


def becoming_overdue(tx: Connection, organisation: str, day: date) -> list[str]:
    """List the customers with an open invoice that was due before a day."""
    open_and_due = select(receivable_table.c.customer).where(
        receivable_table.c.organisation == organisation,
        receivable_table.c.status == "AUTHORISED",
        receivable_table.c.kind == "invoice",
        receivable_table.c.due_on < day,
    )
    return list(tx.execute(open_and_due.distinct().order_by(receivable_table.c.customer)).scalars())


def approved_between(tx: Connection, organisation: str, first: date, last: date) -> int:
    """Count the approved invoices that are dated within these days: Xero's small plans allow so many in a month."""
    table = receivable_table.c
    mine = (table.organisation == organisation) & (table.kind == "invoice")
    approved = table.status.in_(("AUTHORISED", "PAID"))
    query = select(func.count()).where(mine, approved, table.issued_on.between(first, last))
    return int(tx.execute(query).scalar_one())


def last_updated(tx: Connection, organisation: str, ids: Collection[str]) -> dict[str, datetime]:
    """Say how fresh our copies are, by the id of a customer, of a receivable, or of a payment on one.

    What we do not have, and what came without a moment, is absent.
    """
    updated_at = receivable_table.c.updated_at
    on_receivable = (receivable_table.c.organisation == payment_table.c.organisation) & (
        receivable_table.c.id == payment_table.c.receivable
    )
    found: dict[str, datetime] = {}
    for some in chunks(ids):
        for key, moment, origin in (
            (customer_table.c.id, customer_table.c.updated_at, customer_table),
            (receivable_table.c.id, updated_at, receivable_table),
            (payment_table.c.id, updated_at, payment_table.join(receivable_table, on_receivable)),
        ):
            mine = select(key, moment).select_from(origin).where(key.table.c.organisation == organisation)
            found |= {row[0]: row[1] for row in tx.execute(mine.where(key.in_(some))) if row[1]}
    return found


def payments_known(tx: Connection, organisation: str, ids: Collection[str]) -> set[str]:
    """Tell which of these payments stand on a receivable that we have."""
    found: set[str] = set()
    for some in chunks(ids):
        mine = select(payment_table.c.id).where(payment_table.c.organisation == organisation)
        found |= set(tx.execute(mine.where(payment_table.c.id.in_(some))).scalars())
    return found


def payers(tx: Connection, organisation: str, ids: Collection[str]) -> dict[str, str]:
    """Return the customers whose documents these payments stand on, by payment, as far as we have them."""
    found: dict[str, str] = {}
    for some in chunks(ids):
        mine = select(payment_table.c.id, payment_table.c.receivable).where(
            payment_table.c.organisation == organisation
        )
        on = {row.id: row.receivable for row in tx.execute(mine.where(payment_table.c.id.in_(some)))}
        documents = receivables(tx, organisation, list(on.values()))
        found |= {key: documents[one].customer for key, one in on.items() if one in documents}
    return found


def _keep_keys(tx: Connection, organisation: str, new: Iterable[Customer], before: Mapping[str, Customer]) -> None:
    """Keep what customers are looked for by, where it is another than before."""
    fresh = {each.id: each.keys for each in new if each.id not in before}
    other = {each.id: each.keys for each in new if each.id in before and each.keys != before[each.id].keys}
    search_keys.replace(tx, organisation, fresh, known=False)
    search_keys.replace(tx, organisation, other)


def _known(organisation: str, customer: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(customer_table.c.organisation == organisation, customer_table.c.id == customer)


def _with_survivors(tx: Connection, organisation: str, some: list[Receivable]) -> list[Receivable]:
    """Give what names a customer that was merged away to the survivor."""
    merged = survivors(tx, organisation, {each.customer for each in some})
    return [replace(each, customer=merged.get(each.customer, each.customer)) for each in some] if merged else some


def _portions(facts: Iterable[Fact]) -> Iterator[tuple[str, list[Fact]]]:
    """Cut facts into lists of one organisation, in the order of their ids, each fact once and the newest of it."""
    newest: dict[str, dict[str, Fact]] = defaultdict(dict)
    for fact in facts:
        known = newest[fact.organisation].get(fact.id)
        if known is None or not _older(fact, known):
            newest[fact.organisation][fact.id] = fact
    for organisation, those in newest.items():
        for some in chunks(sorted(those.values(), key=attrgetter("id"))):
            yield organisation, some


def _older(fact: Fact, known: Fact) -> bool:
    """Compare by the ledger's own moment. A fact without one is older than any that has one."""
    return (fact.updated_at or _LONG_AGO) < (known.updated_at or _LONG_AGO)


def _news(facts: Iterable[Fact], before: Mapping[str, Fact]) -> tuple[list[Fact], list[Fact]]:
    """Tell what must be stored, and of that what differs by more than the moment it was touched."""
    new, changed = [], []
    for fact in facts:
        known = before.get(fact.id)
        if known is None:
            new.append(fact)
            changed.append(fact)
        elif fact != known and not _older(fact, known):
            new.append(fact)
            if fact != replace(known, updated_at=fact.updated_at):
                changed.append(fact)
    return new, changed


def _replace_payments(
    tx: Connection, organisation: str, before: Mapping[str, Receivable], changed: Iterable[Receivable]
) -> None:
    moved = [each for each in changed if each.payments != (before[each.id].payments if each.id in before else ())]
    for some in chunks(each.id for each in moved if each.id in before and before[each.id].payments):
        mine = payment_table.c.organisation == organisation
        tx.execute(delete(payment_table).where(mine, payment_table.c.receivable.in_(some)))
    rows = [
        {"organisation": organisation, "receivable": each.id, "id": one.id, "on": one.on, "amount": one.amount}
        for each in moved
        for one in each.payments
    ]
    insert_or_ignore(tx, payment_table, rows)


def _in_order(receivable: Receivable) -> Receivable:
    """Put payments into the order in which they are read back, so that comparing sees no difference in order alone."""
    if len(receivable.payments) < 2:
        return receivable
    return replace(receivable, payments=tuple(sorted(receivable.payments, key=attrgetter("on", "id"))))


def _row(fact: Customer | Receivable, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in names}


def _grouped(facts: Iterable[Fact], name: str) -> dict[str, list[Fact]]:
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(getattr(fact, name), []).append(fact)
    return groups


def _where(table: Table, names: tuple[str, ...], organisation: str, column: Column[str], some: list[str]) -> Any:
    """Select by a column; an empty text is no value to look for.

    That is said to SQLite as well, which else takes no index that leaves empty texts out; and it is not asked for an
    order, for the sake of which it would read all of an organisation's rows by their id.
    """
    columns = [table.c[name] for name in names]
    wanted = [each for each in some if each]
    query = select(*columns).where(table.c.organisation == organisation, column.in_(wanted))
    return query if column.primary_key else query.where(text(f"{table.name}.{column.name} <> ''"))


def _customers(tx: Connection, organisation: str, column: Column[str], values: Iterable[str]) -> Iterator[Customer]:
    for some in chunks(values):
        rows = tx.execute(_where(customer_table, _CUSTOMER, organisation, column, some))
        for row in sorted(rows, key=attrgetter("id")):
            yield Customer(*row)


def _receivables(tx: Connection, organisation: str, column: Column[str], values: Iterable[str]) -> Iterator[Receivable]:
    for some in chunks(values):
        found = tx.execute(_where(receivable_table, _RECEIVABLE, organisation, column, some))
        rows = sorted(found, key=attrgetter("id"))
        payments = _payments(tx, organisation, [row.id for row in rows])
        for row in rows:
            yield Receivable(**row._mapping, payments=payments.get(row.id, ()))


def _payments(tx: Connection, organisation: str, receivable_ids: list[str]) -> dict[str, tuple[Payment, ...]]:
    columns = payment_table.c
    found: dict[str, tuple[Payment, ...]] = {}
    for some in chunks(receivable_ids):
        query = select(columns.receivable, columns.id, columns.on, columns.amount)
        mine = query.where(columns.organisation == organisation, columns.receivable.in_(some))
        for receivable, *payment in tx.execute(mine.order_by(columns.receivable, columns.on, columns.id)):
            found[receivable] = (*found.get(receivable, ()), Payment(*payment))
    return found
