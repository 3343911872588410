"""Weigh what two profiles say: whether they are one firm, two, or a question for a person. Does no I/O.

Here is the table of docs/matching.md. Two agreements of different kinds that nothing contradicts link: a name and a
domain, a name and an address. A name alone, a domain alone and an address alone are questions, at most. What
contradicts is never outvoted; it is a question.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ledgerloop.rules.identity.names import Likeness, compare, has_form, is_placeholder
from ledgerloop.rules.identity.numbers import country_of, same_number
from ledgerloop.rules.identity.places import other_place
from ledgerloop.rules.identity.profiles import Profile


@dataclass(frozen=True, slots=True)
class Shared:
    """What does not say whose company a record is, since several differing customers, or we ourselves, have it."""

    emails: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    def plus(self, other: Shared) -> Shared:
        """Return what either says."""
        return Shared(self.emails | other.emails, self.domains | other.domains)


NOTHING_SHARED = Shared()

CONTACT_NUMBER = "contact number"
"""What Xero calls ContactNumber, and shows as Contact Code: it may name a HubSpot record. No number of a firm."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against two records being one firm."""

    likeness: Likeness
    agree: tuple[str, ...] = ()
    """What they have in common: contact number, tax number, company number, name, email, domain, telephone."""
    against: tuple[str, ...] = ()
    """What tells them apart: legal form, number in the name, tax number, company number, domain, country, place."""

    @property
    def how(self) -> str:
        """Say in a few words by what a record was found."""
        decisive = [each for each in self.agree if each in ("tax number", "company number")]
        return " and ".join(decisive[:1] or [each for each in self.agree if each != "telephone"])

    def __str__(self) -> str:
        """Say what agrees and what does not."""
        number = ["the contact number behind it"] if CONTACT_NUMBER in self.agree else []
        others = [each for each in self.agree if each != CONTACT_NUMBER]
        same = [f"the same {', '.join(others)}"] if others else []
        agree = " and ".join(number + same) or "nothing in common"
        return f"{agree}; another {', '.join(self.against)}" if self.against else agree


@dataclass(frozen=True, slots=True)
class Same:
    """Decide that two records are one firm."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Ask:
    """Leave it to a person whether two records are one firm."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Different:
    """Decide that two records are two firms."""

    evidence: Evidence


Verdict = Same | Ask | Different

_NUMBERS = frozenset({"tax number", "company number"})

_APART = {
    Likeness.OTHER: "name",
    Likeness.APART: "number in the name",
    Likeness.MARKED: "number in the name",
    Likeness.OTHER_FORM: "legal form",
    Likeness.ALIKE: "wording of the name",
}


def weigh(
    one: Profile, other: Profile, shared: Shared = NOTHING_SHARED, *, full_name_is_enough: bool = False
) -> Verdict:
    """Weigh two profiles.

    ``full_name_is_enough`` where names are unique on the other side, as active ones are in Xero: then the same name,
    letter for letter, with its legal form is the same firm, as long as nothing speaks against it. Another country does,
    for a name is unique in one register only. Another place is weak: firms have an office here and a post box there. It
    counts where nobody says that both are in one country.
    """
    found = _look(one, other, shared)
    agree, against, likeness = set(found.agree), set(found.against), found.likeness
    close = bool(agree & {"email", "domain"})
    if agree & _NUMBERS:
        return Ask(found) if against & _NUMBERS or _two_firms(one, other, found) else Same(found)
    if against & _NUMBERS:
        return Ask(found) if likeness >= Likeness.VARIANT and close else Different(found)
    match likeness:
        case Likeness.LITERAL | Likeness.EXACT | Likeness.SAME | Likeness.VARIANT:
            if is_placeholder(one.name) or is_placeholder(other.name):
                return Ask(found)
            apart = _elsewhere(one, other) or _elsewhere(other, one)
            enough = full_name_is_enough and likeness is Likeness.LITERAL and has_form(one.name)
            enough = enough and not against and not apart
            if enough and not close and (where := _somewhere_else(one, other)):
                return Ask(replace(found, against=(where,)))
            return Same(found) if close or enough else Ask(found)
        case Likeness.MARKED | Likeness.OTHER_FORM:
            return Different(found) if "domain" in against and not close else Ask(found)
        case Likeness.APART:
            return Ask(found) if "email" in agree else Different(found)
        case Likeness.UNKNOWN:
            return Same(found) if {"email", "domain"} <= agree else Ask(found) if close else Different(found)
        case _:
            return Ask(found) if close else Different(found)


def _two_firms(one: Profile, other: Profile, found: Evidence) -> bool:
    """Tell whether two names or countries may be two firms, though they have a number in common.

    A group of firms may have one tax number, and firms of two countries the same company number.
    """
    if found.likeness in (Likeness.APART, Likeness.MARKED):
        return True
    alone = "company number" not in found.agree or _other_country(one.country, other.country)
    return alone and found.likeness in (Likeness.OTHER, Likeness.ALIKE)


def _other_country(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _agree(mine: str, theirs: str, one: Profile, other: Profile) -> bool:
    """Tell whether two numbers are one, and neither names a country that the other side is not in."""
    if not same_number(mine, theirs):
        return False
    if country_of(mine) and country_of(theirs):
        return True
    return not (_other_country(country_of(mine), other.country) or _other_country(country_of(theirs), one.country))


def _elsewhere(one: Profile, other: Profile) -> bool:
    """Tell whether the people of one write from domains that the other does not have."""
    return bool(one.hints and other.domains) and not one.hints & other.domains


def _somewhere_else(one: Profile, other: Profile) -> str:
    """Return what tells where two are apart: country or place; empty where nothing does."""
    if one.country and other.country:
        return "country" if _other_country(one.country, other.country) else ""
    return "place" if other_place(one.city, other.city) else ""


def _look(one: Profile, other: Profile, shared: Shared) -> Evidence:
    likeness = compare(one.name, other.name)
    agree: list[str] = []
    against: list[str] = []
    for what, mine, theirs in (
        ("tax number", one.tax_number, other.tax_number),
        ("company number", one.company_number, other.company_number),
    ):
        if mine and theirs:
            (agree if _agree(mine, theirs, one, other) else against).append(what)
    if likeness >= Likeness.VARIANT:
        agree.append("name")
    elif likeness in _APART:
        against.append(_APART[likeness])
    # Whose further people somebody is among, says only beside a name whose company it is: they may be bookkeepers.
    alone = one.beside | other.beside if likeness <= Likeness.APART else frozenset()
    if (one.emails & other.emails) - shared.emails - alone:
        agree.append("email")
    common = (one.domains | one.hints) & (other.domains | other.hints)
    # That many share a domain takes nothing from a company's own where the name says which of them it is. A domain that
    # only its people have may be an agent's, who answers for several of one name.
    own = one.domains & other.domains if likeness >= Likeness.MARKED else frozenset()
    if own | (common - shared.domains - alone):
        agree.append("domain")
    elif one.domains and other.domains and not common:
        against.append("domain")
    if one.phone and one.phone == other.phone:
        agree.append("telephone")
    return Evidence(likeness, tuple(agree), tuple(against))
