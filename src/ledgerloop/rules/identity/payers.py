"""Choose the Xero customer who pays for a deal, or word the question. Does no I/O.

The rule is the same as where a customer's company is looked for; what is added is who holds a customer already, and
that active names are unique in Xero. A customer that is another company's is never taken, nor doubled without asking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Choice, Customer, Hold
from ledgerloop.rules.identity import payer_questions
from ledgerloop.rules.identity.addresses import mailbox
from ledgerloop.rules.identity.choice import Chosen, Doubt, settle
from ledgerloop.rules.identity.evidence import (
    CONTACT_NUMBER,
    NOTHING_SHARED,
    Ask,
    Different,
    Evidence,
    Same,
    Shared,
    Verdict,
    weigh,
)
from ledgerloop.rules.identity.names import Likeness, has_form, is_label
from ledgerloop.rules.identity.persons import weigh_buyer
from ledgerloop.rules.identity.profiles import (
    UNNUMBERED,
    WORKS_AT,
    Numbered,
    Profile,
    emails_of_contact,
    profile_of_company,
    profile_of_customer,
)
from ledgerloop.rules.identity.wording import found


@dataclass(frozen=True, slots=True)
class Found:
    """A customer, how it was found, and on what evidence against which others."""

    id: str
    how: str
    said: str = ""


Payer = Found | Hold
"""Who pays for a deal, or why a person must say so."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """The record that pays for a deal: its company, else its contact."""

    deal: str
    kind: Literal["company", "contact"]
    record: Record
    profile: Profile
    employer: Record | None = None
    """The company that a contact is at which pays without one, where HubSpot names it."""
    firm: Profile | None = None
    """What is known of that company."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger and we know of the customers that a buyer may be."""

    customers: Sequence[Customer] = ()
    """Those that one of the buyer's keys finds, archived ones too; none that was merged into another."""
    numbered: Collection[str] = ()
    """The ids of those whose ContactNumber names the buyer."""
    holders: Mapping[str, str] = field(default_factory=dict)
    """The HubSpot companies that customers are linked to."""
    ours: Collection[str] = ()
    """The customers whose company we made ourselves, to show them: that says nothing about who else they are not."""
    shared: Shared = NOTHING_SHARED
    owed: Mapping[str, str] = field(default_factory=dict)
    """What customers owe, as people read it."""
    country: str = ""
    """The organisation's."""
    firms: Sequence[Customer] = ()
    """Those that the company which a contact is at is linked to, or that one of its keys finds."""


def profile_of_buyer(
    company: Record,
    contacts: Iterable[Record],
    *,
    ours: Collection[str] = (),
    numbered: Numbered = UNNUMBERED,
    country: str = "",
) -> Profile:
    """Return what is known of a deal's company, and of the deal's contacts as far as they are its people.

    Who works for another company in HubSpot may be an agent or a bookkeeper: such an address says something beside a
    name only, and its domain nothing. Of who works nowhere HubSpot says no such thing, and the deal is all there is;
    nor does it of who works for one of ``ours``, the companies that we made to show customers.
    """
    own: list[Record] = []
    others: list[Record] = []
    for one in contacts:
        (own if one.properties.get(WORKS_AT) in (None, "", company.id, *ours) else others).append(one)
    profile = profile_of_company(company, own, numbered=numbered, country=country)
    beside = frozenset(mailbox(email) for one in others for email in emails_of_contact(one)) - profile.emails
    return replace(profile, emails=profile.emails | beside, beside=beside)


def choose_payer(buyer: Buyer, known: Known) -> Found | Hold | None:
    """Take the customer that a buyer is; hold a doubt; None where nobody fits, so that one is to be made."""
    named = {one.id: one for one in known.customers}
    free = [one for one in known.customers if one.active and _holder(buyer, known, one) is None]
    answer = _choose(buyer, known, free)
    archived = _choose(buyer, known, [one for one in known.customers if not one.active])
    gone = _ids(archived)
    if isinstance(answer, Chosen):
        others = [one.name for one in free if one.id != answer.id] + [f"{named[one].name} (archived)" for one in gone]
        return Found(answer.id, answer.evidence.how or CONTACT_NUMBER, found(answer.evidence, others))
    held = [one for one in known.customers if one.active and one not in free]
    taken = _choose(buyer, known, held)
    if isinstance(taken, Chosen):
        customer = named[taken.id]
        said = payer_questions.taken(buyer.deal, buyer.record, customer, taken.evidence, known.holders[customer.id])
        return Hold((said,), (customer.id,))
    if isinstance(taken, Doubt) and (namesakes := _namesakes(taken)):
        first, evidence = next(iter(namesakes.items()))
        said = payer_questions.taken(buyer.deal, buyer.record, named[first], evidence, known.holders[first])
        return Hold((said,), tuple(namesakes))
    shown = _choose(buyer, known, [*free, *(one for one in held if one.id in known.ours)])
    answer = shown if isinstance(shown, Doubt) else answer
    if isinstance(answer, Doubt):
        said = (
            payer_questions.which_customer(buyer.deal, buyer.record, answer, named, known.owed)
            if buyer.kind == "company"
            else payer_questions.whose_contact(buyer.deal, buyer.record, buyer.employer, answer, named, known.owed)
        )
        choices = tuple(
            Choice("customer", key, payer_questions.customer_named(named[key], evidence, known.owed.get(key, "")))
            for key, evidence in answer.candidates.items()
        )
        owing = [one for one in gone if known.owed.get(one)]
        if archived is None or not (owing or _fits_better(archived, answer)):
            return Hold((said,), tuple(answer.candidates), choices=choices)
        shown_gone = owing or gone[:1]
        beside = [payer_questions.archived_beside(named[one], known.owed.get(one, "")) for one in shown_gone]
        return Hold((*beside, said), (*shown_gone, *answer.candidates), choices=choices)
    if archived is not None:
        said = payer_questions.archived(buyer.deal, named[gone[0]], known.owed.get(gone[0], ""))
        return Hold((said,), tuple(gone))
    if buyer.employer is not None and (firm := _employing(buyer, known)) is not None:
        said = payer_questions.works_for(buyer.deal, buyer.record, buyer.employer, firm)
        return Hold((said,), (firm.id,))
    return None


def _employing(buyer: Buyer, known: Known) -> Customer | None:
    """Return the customer that the company is which a contact is at: who buys there buys for it as likely as alone."""
    for one in known.firms:
        holder = known.holders.get(one.id)
        if holder is None and buyer.firm is not None:
            theirs = profile_of_customer(one, known.country)
            fits = isinstance(weigh(buyer.firm, theirs, known.shared), Same)
        else:
            fits = buyer.employer is not None and holder == buyer.employer.id
        if fits and one.active:
            return one
    return None


def _ids(answer: Chosen | Doubt | None) -> list[str]:
    return [] if answer is None else [answer.id] if isinstance(answer, Chosen) else list(answer.candidates)


def _fits_better(archived: Chosen | Doubt, active: Doubt) -> bool:
    """Tell whether an archived customer is the buyer rather than the active ones are: it fits, or bears the name."""
    some = [archived.evidence] if isinstance(archived, Chosen) else list(archived.candidates.values())
    alike = max(one.likeness for one in some) > max(one.likeness for one in active.candidates.values())
    return alike or (isinstance(archived, Chosen) and active.why == "unsure")


def archived_ones(buyer: Buyer, known: Known) -> list[str]:
    """Return the archived customers that a buyer may be, the likeliest first."""
    return _ids(_choose(buyer, known, [one for one in known.customers if not one.active]))


def _namesakes(doubt: Doubt) -> dict[str, Evidence]:
    """Return those in doubt that bear the name, with no other domain against it.

    They are another company's; people make companies twice, so a namesake is asked about all the same.
    """
    return {
        key: evidence
        for key, evidence in doubt.candidates.items()
        if evidence.likeness >= Likeness.VARIANT and "domain" not in evidence.against
    }


def _holder(buyer: Buyer, known: Known, customer: Customer) -> str | None:
    """Return the other HubSpot company that a customer is linked to; None where it is free for this buyer."""
    holder = known.holders.get(customer.id, buyer.record.id)
    return holder if buyer.kind == "company" and holder != buyer.record.id else None


def _choose(buyer: Buyer, known: Known, some: Sequence[Customer]) -> Chosen | Doubt | None:
    return settle({one.id: weigh_payer(buyer, one, known) for one in some})


def weigh_payer(buyer: Buyer, customer: Customer, known: Known) -> Verdict:
    """Weigh whether a buyer is a customer, whoever else it may be."""
    if buyer.kind == "contact":
        own = buyer.employer is not None and known.holders.get(customer.id) == buyer.employer.id
        firm = None if own else buyer.firm
        verdict = weigh_buyer(buyer.record, buyer.profile, customer, known.shared, firm)
    else:
        theirs = profile_of_customer(customer, known.country)
        verdict = weigh(buyer.profile, theirs, known.shared, full_name_is_enough=True)
        if isinstance(verdict, Ask) and _is_contacts_own_firm(buyer.profile, customer, theirs, verdict):
            verdict = Different(verdict.evidence)
    return with_number(verdict) if customer.id in known.numbered else verdict


def _is_contacts_own_firm(buyer: Profile, customer: Customer, theirs: Profile, verdict: Ask) -> bool:
    """Tell whether a customer is not the deal's company but the firm that its contact writes from.

    Two legal persons of quite other names, and the address has the domain that is called like the customer: that is the
    company's bookkeeper or agent. A shop's own name has no legal form, and may well be the customer's.
    """
    if verdict.evidence.likeness is not Likeness.OTHER or not {"email", "domain"} >= set(verdict.evidence.agree):
        return False
    common = theirs.domains & {email.rpartition("@")[2] for email in buyer.emails} - buyer.domains
    two = has_form(buyer.name) and has_form(customer.name)
    return two and any(is_label(customer.name, domain) for domain in common)


def with_number(verdict: Verdict) -> Verdict:
    """Return a verdict where the contact number of the customer names the other record as well.

    Together with a name, an address or a domain that agrees that is decisive. With nothing else, or against another tax
    number, it may be stale, and is a question.
    """
    evidence = verdict.evidence
    found = Evidence(evidence.likeness, (CONTACT_NUMBER, *evidence.agree), evidence.against)
    agrees = bool(set(evidence.agree) - {"telephone"}) or (
        evidence.likeness is Likeness.UNKNOWN and not evidence.against
    )
    return Same(found) if agrees and not {"tax number", "company number"} & set(evidence.against) else Ask(found)
