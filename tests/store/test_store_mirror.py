"""The mirror: what is older never overwrites what is newer, and what changed is looked at."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ledgerloop.records import Customer, Payment, Receivable
from ledgerloop.store import mirror, pending_customers
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)

_organisations = itertools.count()


def _customer(id: str = "c1", **values: object) -> Customer:  # noqa: A002
    return replace(Customer("org", id, f"Name of {id}", updated_at=NOW), **values)


def _invoice(id: str = "i1", **values: object) -> Receivable:  # noqa: A002
    return replace(
        Receivable("org", id, "invoice", "c1", "AUTHORISED", "NZD", Decimal("115.00"), updated_at=NOW), **values
    )


def _dirty(database: Database, organisation: str = "org") -> list[str]:
    with database.reading() as tx:
        return list(pending_customers.first(tx, organisation, 100))


def _clean(database: Database) -> None:
    with database.transaction() as tx:
        pending_customers.clean(tx, "org", pending_customers.first(tx, "org", 100))


class TestMarked:
    def test_by_mark_or_by_address_each_once(self, database: Database) -> None:
        """What carries the mark among other words, what has the address alone, and what has both, once."""
        url = "https://app.hubspot.com/contacts/1/record/0-3/7"
        some = [
            _invoice("i1", reference="PO 4711 HS-7", mark="HS-7"),
            _invoice("i2", url=url),
            _invoice("i3", mark="HS-7", url=url),
            _invoice("i4", mark="HS-77", url=f"{url}7"),
            _invoice("i5"),
        ]
        with database.transaction() as tx:
            mirror.store_receivables(tx, some)
        with database.reading() as tx:
            assert ["i1", "i2", "i3"] == sorted(one.id for one in mirror.receivables_marked(tx, "org", ["HS-7"], [url]))
            assert [] == mirror.receivables_marked(tx, "other", ["HS-7"], [url])
            assert [] == mirror.receivables_marked(tx, "org", [""], [""])

    @pytest.mark.parametrize(("marks", "urls"), [(["HS-7"], []), ([], ["https://x"])])
    def test_an_index_is_used(self, sqlite_url: str, marks: list[str], urls: list[str]) -> None:
        """Before every invoice our copy is asked, however many invoices there are."""
        database = Database(sqlite_url)
        asked: list[tuple[str, tuple[object, ...]]] = []
        with database.reading() as tx:
            event.listen(tx, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
            mirror.receivables_marked(tx, "org", marks, urls)
            looked = [one for one in asked if "FROM receivable" in one[0]]
            plans = [str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given).all()) for query, given in looked]
        database.close()
        assert [True] == [f"receivable_by_{'mark' if marks else 'url'}" in plan for plan in plans]


class TestStoreCustomers:
    def test_comes_back_whole(self, database: Database) -> None:
        """Every value of a customer comes back as it was stored."""
        customer = Customer(
            organisation="org",
            id="c1",
            name="Käse & Söhne",
            email="Jo@example.com",
            number="hs-1",
            active=False,
            merged_into="c2",
            first_name="Jo",
            last_name="Söhne",
            phone="1",
            street="a\nb",
            city="c",
            region="d",
            postcode="e",
            country="f",
            updated_at=NOW,
            email_key="jo@example.com",
            keys=("name kasesohne", "domain kase.de"),
        )
        with database.transaction() as tx:
            mirror.store_customers(tx, [customer])

            assert mirror.customers(tx, "org", ["c1", "unknown"]) == {"c1": customer}

    def test_only_a_real_change_touches(self, database: Database) -> None:
        """A pull that brings the same customer again makes nothing dirty, not even with a newer moment."""
        with database.transaction() as tx:
            assert mirror.store_customers(tx, [_customer()]) == ["c1"]
        _clean(database)

        with database.transaction() as tx:
            assert mirror.store_customers(tx, [_customer()]) == []
            assert mirror.store_customers(tx, [_customer(updated_at=LATER)]) == []
            assert mirror.last_updated(tx, "org", ["c1"]) == {"c1": LATER}
        assert _dirty(database) == []

    def test_a_merge_touches_both(self, database: Database) -> None:
        """Who was merged into another makes that other dirty as well."""
        with database.transaction() as tx:
            mirror.store_customers(tx, [_customer("c1"), _customer("c2")])
        _clean(database)

        with database.transaction() as tx:
            mirror.store_customers(tx, [_customer("c1", active=False, merged_into="c2", updated_at=LATER)])
        assert _dirty(database) == ["c1", "c2"]

    def test_the_same_twice_in_one_call(self, database: Database) -> None:
        """Of one customer in two states, in either order, the newer one is stored."""
        old, new = _customer(), _customer(name="New", updated_at=LATER)
        with database.transaction() as tx:
            mirror.store_customers(tx, [old, new, old])

            assert mirror.customers(tx, "org", ["c1"]) == {"c1": new}

    def test_without_a_moment_is_older(self, database: Database) -> None:
        """A customer of unknown age does not replace one whose age is known."""
        with database.transaction() as tx:
            mirror.store_customers(tx, [_customer()])
            mirror.store_customers(tx, [_customer(name="Undated", updated_at=None)])

            assert mirror.customers(tx, "org", ["c1"]) == {"c1": _customer()}

    def test_untouched_when_asked(self, database: Database) -> None:
        """While the mirror is filled for the first time, nothing becomes dirty."""
        with database.transaction() as tx:
            mirror.store_customers(tx, [_customer()], touch=False)
            mirror.store_receivables(tx, [_invoice()], touch=False)

        assert _dirty(database) == []


class TestStoreReceivables:
    def test_comes_back_whole(self, database: Database) -> None:
        """Every value of a receivable comes back as it was stored, money to its last digit."""
        receivable = Receivable(
            organisation="org",
            id="i1",
            kind="overpayment",
            customer="c1",
            status="PAID",
            currency="USD",
            total=Decimal("12345678901234567.8901"),
            rate=Decimal("0.6543210987654321"),
            due=Decimal("-0.01"),
            paid=Decimal("0.0001"),
            credited=Decimal("1E+2"),
            remaining=Decimal("0.10"),
            number="INV-1",
            reference="HS-7",
            url="https://example.com",
            issued_on=date(2026, 1, 1),
            due_on=date(2026, 2, 1),
            paid_on=date(2026, 3, 1),
            payments=(Payment("p2", date(2026, 1, 1), Decimal("0.01")), Payment("p1", date(2026, 1, 2), Decimal(3))),
            updated_at=NOW,
        )
        with database.transaction() as tx:
            mirror.store_receivables(tx, [receivable])

            assert mirror.receivables(tx, "org", ["i1", "unknown"]) == {"i1": receivable}

    def test_payments_are_replaced(self, database: Database) -> None:
        """A payment that was removed in the ledger is removed here, and a changed one has its new amount."""
        first = Payment("p1", date(2026, 1, 1), Decimal(1))
        second = Payment("p2", date(2026, 1, 2), Decimal(2))
        changed = replace(first, amount=Decimal("1.50"))
        with database.transaction() as tx:
            mirror.store_receivables(tx, [_invoice(payments=(first, second))])
            mirror.store_receivables(tx, [_invoice(payments=(changed,), updated_at=LATER)])

            assert mirror.receivables(tx, "org", ["i1"])["i1"].payments == (changed,)
            assert mirror.payments_known(tx, "org", ["p1", "p2"]) == {"p1"}

    def test_the_order_of_payments_is_no_change(self, database: Database) -> None:
        """The same payments in another order touch nobody."""
        payments = (Payment("p1", date(2026, 1, 1), Decimal(1)), Payment("p2", date(2026, 1, 1), Decimal(2)))
        with database.transaction() as tx:
            mirror.store_receivables(tx, [_invoice(payments=payments)])

            assert mirror.store_receivables(tx, [_invoice(payments=payments[::-1])]) == []

    def test_equal_amounts_are_no_change(self, database: Database) -> None:
        """115 and 115.00 are the same money."""
        with database.transaction() as tx:
            mirror.store_receivables(tx, [_invoice(total=Decimal("115.00"))])

            assert mirror.store_receivables(tx, [_invoice(total=Decimal(115))]) == []

    def test_moving_touches_both(self, database: Database) -> None:
        """An invoice that moves to another customer makes the old and the new one dirty."""
        with database.transaction() as tx:
            mirror.store_receivables(tx, [_invoice()])
        _clean(database)

        with database.transaction() as tx:
            assert mirror.store_receivables(tx, [_invoice(customer="c2", updated_at=LATER)]) == ["c1", "c2"]
        assert _dirty(database) == ["c1", "c2"]

    def test_organisations_are_apart(self, database: Database) -> None:
        """The same ids in two organisations are different records."""
        with database.transaction() as tx:
            mirror.store_receivables(tx, [_invoice(), _invoice(organisation="other", customer="c9")])

            assert mirror.receivables(tx, "other", ["i1"])["i1"].customer == "c9"
        assert (_dirty(database), _dirty(database, "other")) == (["c1"], ["c9"])

    @given(
        versions=st.lists(
            st.tuples(st.integers(0, 2), st.integers(0, 5)),
            max_size=20,
        ),
        sizes=st.lists(st.integers(1, 5), min_size=20, max_size=20),
    )
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_older_never_overwrites_newer(
        self, database: Database, versions: list[tuple[int, int]], sizes: list[int]
    ) -> None:
        """However versions of invoices arrive, late, doubled or together, the newest of each is what remains."""
        organisation = f"org {next(_organisations)}"

        def version(invoice: int, age: int) -> Receivable:
            payments = tuple(Payment(f"p{n}", date(2026, 1, 1 + n), Decimal(age)) for n in range(age % 3))
            return _invoice(
                f"i{invoice}",
                organisation=organisation,
                customer=f"c{age % 2}",
                due=Decimal(age),
                payments=payments,
                updated_at=NOW + timedelta(seconds=age),
            )

        arriving = iter([version(*each) for each in versions])
        for size in sizes:
            with database.transaction() as tx:
                mirror.store_receivables(tx, itertools.islice(arriving, size))

        newest = {f"i{invoice}": version(invoice, age) for invoice, age in sorted(versions)}
        with database.reading() as tx:
            assert mirror.receivables(tx, organisation, list(newest)) == newest
            of_customers = mirror.receivables_of(tx, organisation, ["c0", "c1"])
        assert sorted(each.id for some in of_customers.values() for each in some) == sorted(newest)


def test_touch_what_was_updated_since(database: Database) -> None:
    """Customers that changed since a moment, themselves or by a receivable, become dirty; others do not."""
    with database.transaction() as tx:
        mirror.store_customers(tx, [_customer("c1"), _customer("c2", updated_at=LATER), _customer("c3")], touch=False)
        mirror.store_receivables(tx, [_invoice("i1"), _invoice("i3", customer="c3", updated_at=LATER)], touch=False)
        mirror.touch_updated_since(tx, "org", LATER)

    assert _dirty(database) == ["c2", "c3"]


class TestLookUp:
    @pytest.fixture
    def customers(self, database: Database) -> Iterable[Customer]:
        """Store three customers, two of which share an email, and two a name."""
        stored = [
            _customer("c1", email_key="a@x", keys=("name acme", "domain x.nz"), number="1"),
            _customer("c2", email_key="a@x", keys=("name beta",)),
            _customer("c3", keys=("name acme",), number="3"),
        ]
        with database.transaction() as tx:
            mirror.store_customers(tx, stored)
        return stored

    def test_customers_by_email(self, database: Database, customers: list[Customer]) -> None:
        """Every customer with an email is found, since a ledger may have several; an empty email finds none."""
        with database.reading() as tx:
            assert mirror.customers_by_email(tx, "org", ["a@x", "", "b@x"]) == {"a@x": customers[:2]}

    def test_customers_by_keys(self, database: Database, customers: list[Customer]) -> None:
        """Every customer with a key is found, by the keys that it has now."""
        with database.transaction() as tx:
            assert mirror.customers_by_keys(tx, "org", ["name acme", "domain x.nz", "name none"]) == {
                "name acme": [customers[0], customers[2]],
                "domain x.nz": [customers[0]],
            }
            renamed = replace(customers[0], name="Gamma", keys=("name gamma",))
            mirror.store_customers(tx, [renamed])
            assert mirror.customers_by_keys(tx, "org", ["name acme", "domain x.nz", "name gamma"]) == {
                "name acme": [customers[2]],
                "name gamma": [renamed],
            }
            assert mirror.customers_by_keys(tx, "other", ["name acme"]) == {}

    def test_customers_by_number(self, database: Database, customers: list[Customer]) -> None:
        """A customer is found by its number, in its own organisation only."""
        with database.reading() as tx:
            assert mirror.customers_by_number(tx, "org", ["3", ""]) == {"3": [customers[2]]}
            assert mirror.customers_by_number(tx, "other", ["3"]) == {}

    def test_receivables_by_reference(self, database: Database) -> None:
        """Every receivable with a reference is found; an empty reference finds none."""
        with database.transaction() as tx:
            mirror.store_receivables(tx, [_invoice("i1", reference="HS-1"), _invoice("i2")])

            assert mirror.receivables_by_reference(tx, "org", ["HS-1", ""]) == {
                "HS-1": [_invoice("i1", reference="HS-1")]
            }

    def test_becoming_overdue(self, database: Database) -> None:
        """Customers with an open invoice due before the day are listed, once; paid, draft and credit ones are not."""
        yesterday, today = date(2026, 11, 21), date(2026, 11, 22)
        with database.transaction() as tx:
            mirror.store_receivables(
                tx,
                [
                    _invoice("i1", due_on=yesterday),
                    _invoice("i2", due_on=yesterday),
                    _invoice("i3", customer="due today", due_on=today),
                    _invoice("i4", customer="paid", due_on=yesterday, status="PAID"),
                    _invoice("i5", customer="draft", due_on=yesterday, status="DRAFT"),
                    _invoice("i6", customer="credit", due_on=yesterday, kind="credit_note"),
                    _invoice("i7", customer="undated"),
                ],
            )

            assert mirror.becoming_overdue(tx, "org", today) == ["c1"]

    def test_last_updated(self, database: Database) -> None:
        """The age of our copy is known by the id of a customer, a receivable, or a payment on one."""
        payment = Payment("p1", date(2026, 1, 1), Decimal(1))
        with database.transaction() as tx:
            mirror.store_customers(tx, [_customer(), _customer("undated", updated_at=None)])
            mirror.store_receivables(tx, [_invoice(payments=(payment,), updated_at=LATER)])
            ages = mirror.last_updated(tx, "org", ["c1", "i1", "p1", "undated", "unknown"])

        assert ages == {"c1": NOW, "i1": LATER, "p1": LATER}

    def test_more_ids_than_a_statement_takes(self, database: Database) -> None:
        """Lists of ids longer than SQLite's limit of variables are cut, not refused."""
        many = [f"c{number}" for number in range(40_000)]
        with database.transaction() as tx:
            pending_customers.mark(tx, "org", many[:3000])

            assert mirror.receivables_of(tx, "org", many) == {}
            pending_customers.clean(tx, "org", pending_customers.first(tx, "org", 5000))
        assert _dirty(database) == []
