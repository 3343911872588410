"""Choose each customer's company among those that its keys find, and its contact's. Called inside a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from ledgerloop.customers.claims import Customers, Holders, carried_by, claimed, holders_of
from ledgerloop.customers.find_written import record_numbered
from ledgerloop.customers.halves import Halves
from ledgerloop.customers.hubspot_records import Pair
from ledgerloop.customers.neighbourhood import Around, company_at, profiles_of
from ledgerloop.customers.shared_keys import our_own
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Choice, Customer, Hold, Organisation
from ledgerloop.rules.identity import questions
from ledgerloop.rules.identity.addresses import mailbox
from ledgerloop.rules.identity.choice import Chosen, Doubt, settle
from ledgerloop.rules.identity.evidence import CONTACT_NUMBER, Same, Shared, Verdict, weigh
from ledgerloop.rules.identity.payers import with_number
from ledgerloop.rules.identity.profiles import Profile, keys_of_company, profile_of_customer
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.rules.identity.wording import found as found_by
from ledgerloop.store import links, mirror, rulings


def choose_companies(
    organisation: Organisation,
    no_company: Customers,
    around: Around,
    sharing: Sharing,
    found: Halves,
    freed: Collection[Pair],
) -> None:
    """Choose each customer's company among those that its keys find, and its contact's."""
    left = {key: one for key, one in no_company.items() if key not in found.companies}
    holders = holders_of(organisation, "company", list(around.companies))
    with parts().database.reading() as tx:
        said = rulings.get(tx, organisation.id, [f"customer {key} company" for key in left])
        ended = rulings.ended(tx, organisation.id, list(left))
    named, near = _by_id(around.companies, holders), _by_key(around.companies)
    profiles = profiles_of(organisation, around)
    shared = sharing.shared.plus(our_own(organisation, around.companies, left))
    chosen: dict[str, Chosen] = {}
    for key, customer in left.items():
        if key.lower() in named and (key, named[key.lower()].id) not in freed:
            found.companies[key] = (named[key.lower()], "id")  # written with spaces, so that it was not found by it
            found.unsure_companies.pop(key, None)
            continue
        if said.get(f"customer {key} company") == "":  # a person said that it is none of those that there are
            found.unsure_companies.pop(key, None)
            continue
        if key in found.unsure_companies:
            continue
        some = {one for each in customer.keys for one in near.get(each, ())}
        some |= {company for company in (company_at(around, key),) if company in around.companies}
        number = record_numbered(customer, "company")
        own = company_at(around, key)  # where its own contact is, linked before or found by its email just now
        known = {**profiles, own: _with_email(profiles[own], customer)} if own in profiles else profiles
        weighed = {
            company: _weigh(organisation, customer, known[company], shared, numbered=company == number)
            for company in sorted(some | ({number} & around.companies.keys()))
            if ("company", company) not in ended.get(key, ())
        }
        match _among_free(key, weighed, holders, around.companies):
            case Chosen() as one:
                chosen[key] = one
                others = [profiles[each].name or each for each in weighed if each != one.id]
                found.said[key] = found_by(one.evidence, others)
            case Doubt() as doubt:
                some_hold = _hold_over(organisation, customer, doubt, holders, around.companies)
                found.unsure_companies[key] = some_hold
            case None:
                pass
    _give(organisation, left, chosen, around, profiles, shared, found)


def _with_email(company: Profile, customer: Customer) -> Profile:
    return replace(company, emails=company.emails | {mailbox(customer.email_key)}) if customer.email_key else company


def _among_free(
    key: str, weighed: Mapping[str, Verdict], holders: Holders, companies: Mapping[str, Record]
) -> Chosen | Doubt | None:
    """Choose among companies that are nobody's yet; one that is somebody's is a question only where it fits."""
    free = {
        company: verdict
        for company, verdict in weighed.items()
        if not holders.of_other(company, key)
        and company not in holders.elsewhere
        and not carried_by(companies[company], key)
    }
    answer = settle(free)
    if isinstance(answer, Chosen):
        return answer
    taken = settle({company: one for company, one in weighed.items() if company not in free and isinstance(one, Same)})
    if isinstance(taken, Chosen):
        return Doubt({taken.id: taken.evidence}, "taken")
    return taken or answer


def _hold_over(
    organisation: Organisation, customer: Customer, doubt: Doubt, holders: Holders, companies: Mapping[str, Record]
) -> Hold:
    """Word a doubt: about a company that is another customer's, or about those that it may be."""
    first = next(iter(doubt.candidates))
    if doubt.why == "taken":
        _, unsure = claimed(
            organisation, "company", {customer.id: customer}, {customer.id: companies[first]}, "", holders
        )
        return unsure[customer.id]
    choices = tuple(
        Choice("company", key, questions.company_named(companies[key], evidence))
        for key, evidence in doubt.candidates.items()
    )
    return Hold((questions.which_company(customer, doubt, companies),), tuple(doubt.candidates), choices=choices)


def _give(
    organisation: Organisation,
    strangers: Customers,
    chosen: Mapping[str, Chosen],
    around: Around,
    profiles: Mapping[str, Profile],
    shared: Shared,
    found: Halves,
) -> None:
    """Give companies to the customers that they are, unless another customer fits one as well or better."""
    keys_of = {one.id: keys_of_company(around.companies[one.id], parts().numbered) for one in chosen.values()}
    with parts().database.reading() as tx:
        by_key = mirror.customers_by_keys(tx, organisation.id, {key for keys in keys_of.values() for key in keys})
        everyone = sorted({one.id for some in by_key.values() for one in some})
        housed = links.find(tx, organisation.id, "company", everyone)
    for key, one in chosen.items():
        rivals = {
            other.id: other
            for each in keys_of[one.id]
            for other in by_key.get(each, ())
            if other.active and not other.merged_into and other.id != key and other.id not in housed
        }
        weighed: dict[str, Verdict] = {
            each: _weigh(organisation, other, profiles[one.id], shared, numbered=False)
            for each, other in rivals.items()
        }
        weighed = {each: verdict for each, verdict in weighed.items() if isinstance(verdict, Same)}
        answer = settle({key: Same(one.evidence), **weighed})
        if isinstance(answer, Chosen) and answer.id == key:
            found.companies[key] = (around.companies[one.id], one.evidence.how or CONTACT_NUMBER)
        else:
            said = questions.rivals_for_company(strangers[key], one.id, [rivals[each] for each in weighed])
            choice = Choice("company", one.id, questions.company_named(around.companies[one.id], one.evidence))
            found.unsure_companies[key] = Hold((said,), (one.id,), choices=(choice,))


def _weigh(
    organisation: Organisation, customer: Customer, company: Profile, shared: Shared, *, numbered: bool
) -> Verdict:
    verdict = weigh(profile_of_customer(customer, organisation.country), company, shared)
    return with_number(verdict) if numbered else verdict


def _by_id(companies: Mapping[str, Record], holders: Holders) -> dict[str, Record]:
    """Return the companies that carry a customer's id and are nobody's yet, by that id."""
    free = [one for one in companies.values() if one.id not in holders.ours and one.id not in holders.elsewhere]
    return {key: one for one in free if (key := (one.properties.get(id_name()) or "").strip().lower())}


def _by_key(companies: Mapping[str, Record]) -> Mapping[str, Collection[str]]:
    """Sort companies by what they are looked for by, so that not everybody is compared with every one."""
    sorted_: defaultdict[str, list[str]] = defaultdict(list)
    for one in companies.values():
        for key in keys_of_company(one, parts().numbered):
            sorted_[key].append(one.id)
    return sorted_
