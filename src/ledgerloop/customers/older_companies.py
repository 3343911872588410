"""Look once more, some time after making a company, for an older one that HubSpot's search did not show yet.

What a person or a form makes comes into HubSpot's search after some moments, so a company that was made just before
ours is not found, and ours doubles it. Called inside a step. It costs a batch read where something fits, and no search
but those of the index; where nobody is matched for long, one with the catch-up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from ledgerloop.customers import company_index
from ledgerloop.customers.claims import Customers, Doubts, Found, carried_by
from ledgerloop.customers.field_diff import first_said, own_app
from ledgerloop.customers.hubspot_records import PLURAL, properties_read
from ledgerloop.customers.shared_keys import our_own, sharing_of
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.portal.search_since import INDEX_LAG
from ledgerloop.records import Hold, Link, Organisation
from ledgerloop.rules.identity import questions
from ledgerloop.rules.identity.evidence import Different, Evidence, Same, weigh
from ledgerloop.rules.identity.profiles import profile_of_company, profile_of_customer
from ledgerloop.store import connections, lanes, links, mirror, newly_made, pending_customers, rulings
from ledgerloop.store.newly_made import NewlyMade

AT_ONCE = 1000
"""Companies looked at once more in one step."""
_FORGOTTEN = timedelta(hours=1)
"""How long ago a company may have been made of which a crash forgot that we made it."""
_LONGEST_UNSEEN = timedelta(hours=1)
"""For how long HubSpot's search may not show a company: far longer than it ever was, so that a late one is found."""


def known(customers: Customers) -> dict[str, set[str]]:
    """Return by customer the companies that are known before one is made for it, and are passed over by that."""
    with parts().database.reading() as tx:
        portal = connections.only_portal(tx)
    return company_index.named(portal.id, customers) if portal is not None else {}


def note(
    tx: Connection, organisation: Organisation, made: Mapping[Link, Record], passed_over: Mapping[str, Collection[str]]
) -> None:
    """Note the companies that were just made, in the transaction that keeps their links."""
    now = parts().now()
    some = [
        NewlyMade(
            link.xero_id,
            link.hubspot_id,
            record.created_at or now,
            now + INDEX_LAG,
            passed_over=frozenset(passed_over.get(link.xero_id, ())),
        )
        for link, record in made.items()
    ]
    newly_made.note(tx, organisation.id, some)


def note_found_again(organisation: Organisation, found: Found) -> None:
    """Note the companies that carry their customers' ids because we made them a moment ago, and a crash forgot it."""
    since = parts().now() - _FORGOTTEN
    recent = {
        key: record
        for key, (record, how) in found.items()
        if how == "id" and record.created_at is not None and record.created_at >= since
    }
    if not recent:
        return
    with parts().database.transaction() as tx:
        app = own_app(tx)
        ours = {
            Link(organisation.id, key, "company", record.id, "id"): record
            for key, record in recent.items()
            if first_said("company", record, app) is not None
        }
        note(tx, organisation, ours, {})


def look(organisation: Organisation, interrupted: Callable[[], bool]) -> bool:
    """Look once more at companies that were made, once the index shows what was there before; tell whether to go on.

    Where an older one fits, its customer is looked at again, and held. What fails is tried again in another turn.
    """
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
        some = newly_made.due(tx, organisation.id, at.now(), AT_ONCE) if portal else []
        latest = at.now() + INDEX_LAG
        ahead = newly_made.any_after(tx, organisation.id, latest)
    if ahead:
        with at.database.transaction() as tx:
            newly_made.hasten(tx, organisation.id, latest)
    if portal is None or not some:
        return False
    try:
        client = at.hubspot().as_backfill()
        if some[0].look_at + at.catch_up_every <= at.now() and not company_index.covers(portal.id, some[-1].look_at):
            company_index.keep_up(client, portal.id)
        some = [one for one in some if company_index.covers(portal.id, one.look_at)]
        asked = _look(client, organisation, portal.id, some)
    except LedgerloopError as problem:
        logger.warning("no second look for older companies", organisation=organisation.id, why=problem.sentence)
        return False
    if asked:
        with at.database.transaction() as tx:
            pending_customers.mark(tx, organisation.id, asked)
            lanes.wake(tx, "standing", organisation.id, at.now())
    return len(some) == AT_ONCE and not interrupted()


def review(organisation: Organisation, customers: Customers) -> Doubts:
    """Ask for the merge of companies that were made into older ones, as long as these still fit.

    A merge ends the question, since the link follows it; so does whoever says which company the customer is.
    """
    with parts().database.reading() as tx:
        asked = newly_made.asked(tx, organisation.id, list(customers))
    if not asked:
        return {}
    some = _still_there(organisation, asked)
    known = {key: {one.older} for key, one in some.items()}
    fits = _fits(parts().hubspot(), organisation, {key: customers[key] for key in some}, some, known)
    with parts().database.transaction() as tx:
        newly_made.forget(
            tx, organisation.id, [one for one in asked if some.get(one.customer) != one or one.customer not in fits]
        )
    return {
        key: Hold((questions.older_company(customers[key], some[key].company, older, evidence),), (older.id,))
        for key, (older, evidence) in fits.items()
    }


def _look(client: HubSpotClient, organisation: Organisation, portal: str, some: Sequence[NewlyMade]) -> list[str]:
    """Weigh what the index names now, keep what fits, and return whose company has an older one beside it."""
    if not some:
        return []
    with parts().database.reading() as tx:
        customers = mirror.customers(tx, organisation.id, [one.customer for one in some])
    live = {key: one for key, one in customers.items() if one.active and not one.merged_into}
    of = {key: one for key, one in _still_there(organisation, some).items() if key in live}
    named = company_index.named(portal, live)
    news = {key: some - of[key].passed_over for key, some in named.items() if key in of}
    fits = _fits(client, organisation, live, of, news)
    with parts().database.transaction() as tx:
        for key, (older, _) in fits.items():
            newly_made.ask(tx, organisation.id, of[key], older.id)
        newly_made.forget(
            tx, organisation.id, [one for one in some if of.get(one.customer) != one or one.customer not in fits]
        )
    return sorted(fits)


def _still_there(organisation: Organisation, some: Sequence[NewlyMade]) -> dict[str, NewlyMade]:
    """Return by customer the company that was made, where it is the customer's still and no person has spoken."""
    with parts().database.reading() as tx:
        now = links.find(tx, organisation.id, "company", [one.customer for one in some])
        said = rulings.get(tx, organisation.id, [f"customer {one.customer} company" for one in some])
    return {
        one.customer: one
        for one in some
        if one.customer in now and now[one.customer].hubspot_id == one.company
        if f"customer {one.customer} company" not in said
    }


def _fits(
    client: HubSpotClient,
    organisation: Organisation,
    customers: Customers,
    made: Mapping[str, NewlyMade],
    known: Mapping[str, Collection[str]],
) -> dict[str, tuple[Record, Evidence]]:
    """Return by customer the older company that is nobody's and fits it best, beside the one that was made."""
    with parts().database.reading() as tx:
        ended = rulings.ended(tx, organisation.id, list(made))
        everyone = sorted({one for some in known.values() for one in some})
        taken = {link.hubspot_id for link in links.of_records(tx, "company", everyone)}
    asking = {
        key: {each for each in known.get(key, ()) if each not in taken and ("company", each) not in ended.get(key, ())}
        for key in made
    }
    wanted = sorted({each for some in asking.values() for each in some})
    companies = client.read(PLURAL["company"], wanted, properties_read("company")) if wanted else {}
    if not companies:
        return {}
    shared = sharing_of(organisation, customers).shared.plus(our_own(organisation, companies, customers))
    numbered = parts().numbered
    profiles = {
        key: profile_of_company(one, numbered=numbered, country=organisation.country) for key, one in companies.items()
    }
    fits: dict[str, tuple[Record, Evidence]] = {}
    for key, some in asking.items():
        one = profile_of_customer(customers[key], organisation.country)
        weighed = {
            each: weigh(one, profiles[each], shared)
            for each in sorted(some & companies.keys())
            if companies[each].id == each
            and _is_older(companies[each], made[key])
            and not carried_by(companies[each], key)
        }
        near = [each for each, verdict in weighed.items() if not isinstance(verdict, Different)]
        if near:
            best = max(near, key=lambda each: (isinstance(weighed[each], Same), weighed[each].evidence.likeness))
            fits[key] = (companies[best], weighed[best].evidence)
    return fits


def _is_older(company: Record, made: NewlyMade) -> bool:
    """Tell whether a company was made before ours, and not so long before that the search surely showed it."""
    born = company.created_at
    return company.id != made.company and born is not None and made.made_at - _LONGEST_UNSEEN <= born <= made.made_at
