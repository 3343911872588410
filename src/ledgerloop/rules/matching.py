"""Tell whether two records are the same customer: keys to compare by, and what to make of the candidates. Does no I/O.

Xero wants names unique among active contacts and leaves emails alone; HubSpot wants contacts' emails unique and leaves
names alone. So neither key is an identity by itself: one candidate is a match, several are a question for a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from ledgerloop.records import Hold

_LEGAL_FORMS = frozenset(
    "ab ag as asa bv co corp corporation gmbh inc incorporated kg limited llc llp lp ltd nv oy plc pte pty sa sarl srl"
    " sas spa ulc".split()
)
_COPY_MARK = re.compile(r"(\s*\(\d{1,2}\)|\s*-\d{1,2})$")

FREE_MAIL = frozenset(
    "aol.com bigpond.com fastmail.com gmail.com gmx.com gmx.de gmx.net googlemail.com hotmail.co.nz hotmail.co.uk"
    " hotmail.com icloud.com live.com mac.com mail.com mail.ru me.com msn.com outlook.com proton.me protonmail.com"
    " qq.com web.de xtra.co.nz yahoo.co.nz yahoo.co.uk yahoo.com yandex.com yandex.ru ymail.com zoho.com".split()
)
"""Domains that say nothing about the company behind an address."""


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate, and how it was found."""

    id: str
    how: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be the one, with the words a person would know it by."""

    id: str
    label: str


def email_key(text: str | None) -> str:
    """Return the address as it is compared: trimmed, lower case; empty where it is no single valid address.

    HubSpot refuses a record whose email is not valid (INVALID_EMAIL), so what gets a key may also be sent.
    """
    address = (text or "").strip()
    if not address:
        return ""
    try:
        checked = validate_email(address, check_deliverability=False, allow_quoted_local=False)
    except EmailNotValidError:
        return ""
    return checked.normalized.lower()


def email_problem(text: str | None) -> str:
    """Say in one sentence what is wrong with an address; empty where nothing is."""
    address = (text or "").strip()
    if not address or email_key(address):
        return ""
    if re.search(r"[;,\s]", address):
        return f"“{address}” holds more than one email address, or stray characters; keep a single one."
    return f"“{address}” is not a valid email address."


def email_domain(key: str) -> str:
    """Return the domain of an email key where it stands for a company; empty for free mail."""
    domain = key.rpartition("@")[2]
    return "" if domain in FREE_MAIL else domain


def name_key(text: str | None) -> str:
    """Return a company name as it is compared: no case, accents, punctuation, legal form, or copy mark.

    Other importers dodge Xero's unique names with “-1” or “(2)” behind the name; those marks are not part of it.
    """
    name = _COPY_MARK.sub("", (text or "").strip())
    decomposed = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    words = re.sub(r"[^\w]+", " ", re.sub(r"[.'’]", "", bare)).split()
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def one_of(candidates: Sequence[Candidate], how: str, what: str) -> Found | Hold | None:
    """Take the only candidate, hold where there are several, return None where there is none.

    ``what`` names the thing looked for and by what, such as “customers in Xero with the email a@b.nz”.
    """
    distinct = {candidate.id: candidate for candidate in candidates}
    if not distinct:
        return None
    if len(distinct) == 1:
        return Found(next(iter(distinct)), how)
    listed = "; ".join(f"{candidate.label} ({candidate.id})" for candidate in distinct.values())
    return Hold(
        (f"There are {len(distinct)} {what}: {listed}. Merge them, or link the right one by hand.",),
        tuple(distinct),
    )
