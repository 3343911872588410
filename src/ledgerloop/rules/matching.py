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

from ledgerloop.records import Hold, LinkKind

_LEGAL_FORMS = frozenset(
    "ab ag as asa bv co corp corporation gmbh inc incorporated kg limited llc llp lp ltd nv oy plc pte pty sa sarl srl"
    " sas ulc".split()
)
"""Without the Italian SpA: a day spa's name ends so too, and to take one customer for another costs more."""
_COPY_MARK = re.compile(r"\s*(\(\d{1,2}\)|-\d)$")
"""One digit after a hyphen: importers count from 1, and “Studio-54” is a name."""

FREE_MAIL = frozenset(
    "126.com 163.com adam.com.au aim.com alice.it aol.com arcor.de att.net bbox.fr bell.net bellsouth.net"
    " bigpond.com bigpond.net.au bluewin.ch blueyonder.co.uk bol.com.br btinternet.com charter.net clear.net.nz"
    " comcast.net cox.net dodo.com.au duck.com earthlink.net eircom.net email.com fastmail.com fastmail.fm"
    " foxmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.co.uk gmx.com gmx.de gmx.net googlemail.com"
    " hey.com hotmail.be hotmail.ca hotmail.co.nz hotmail.co.uk hotmail.com hotmail.com.au hotmail.de hotmail.es"
    " hotmail.fr hotmail.it hushmail.com icloud.com ihug.co.nz iinet.net.au inspire.net.nz internode.on.net"
    " juno.com kinect.co.nz kpnmail.nl laposte.net libero.it live.ca live.co.uk live.com live.com.au live.fr"
    " live.it live.nl mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com naver.com neuf.fr ntlworld.com"
    " o2.co.uk o2.pl onet.pl optusnet.com.au orange.fr orcon.net.nz outlook.co.nz outlook.com outlook.com.au"
    " outlook.de outlook.es outlook.fr outlook.ie outlook.it ozemail.com.au paradise.net.nz planet.nl pm.me"
    " posteo.de proton.me protonmail.ch protonmail.com qq.com rediffmail.com rocketmail.com rogers.com"
    " sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com skynet.be slingshot.co.nz snap.net.nz sympatico.ca"
    " t-online.de talktalk.net telenet.be telus.net terra.com.br tin.it tiscali.co.uk tiscali.it tpg.com.au"
    " tuta.io tutanota.com uol.com.br verizon.net videotron.ca virgilio.it virginmedia.com vodafone.co.nz"
    " wanadoo.fr web.de westnet.com.au wp.pl xtra.co.nz yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.nz yahoo.co.uk"
    " yahoo.com yahoo.com.au yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.ie yahoo.it yandex.com yandex.com.tr"
    " yandex.ru ymail.com ziggo.nl zoho.com".split()
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
    """Return the address as it is compared: trimmed, lower case, ASCII; empty where it is no single valid address.

    HubSpot refuses a record whose email is not valid (INVALID_EMAIL) and Xero takes no umlauts, so what gets a key may
    also be sent: a domain with umlauts in its ASCII form, while before the @ there is no such form.
    """
    address = (text or "").strip()
    if not address:
        return ""
    try:
        checked = validate_email(
            address, check_deliverability=False, allow_quoted_local=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        return ""
    return (checked.ascii_email or "").lower()


def email_problem(text: str | None) -> str:
    """Say what is wrong with an address and what to do; empty where nothing is."""
    address = (text or "").strip()
    if not address or email_key(address):
        return ""
    if address.count("@") > 1 or re.search(r"[;,\s]", address):
        return f"“{address}” holds more than one email address, or stray characters. Keep a single one."
    if not address.isascii():
        return f"“{address}” has letters that an email address cannot have in Xero. Write it without them."
    return f"“{address}” is not a valid email address. Correct it."


def email_domain(key: str) -> str:
    """Return the domain of an email key where it stands for a company; empty for free mail."""
    domain = key.rpartition("@")[2]
    return "" if domain in FREE_MAIL else domain


def name_key(text: str | None) -> str:
    """Return a company name as it is compared: no case, accents, punctuation, legal form, or copy mark.

    Other importers dodge Xero's unique names with “-1” or “(2)” behind the name; those marks are not part of it.
    """
    name = _COPY_MARK.sub("", unicodedata.normalize("NFKD", text or "").strip())
    bare = "".join(letter for letter in name.casefold().replace("&", " and ") if not unicodedata.combining(letter))
    words = re.sub(r"[^\w]+", " ", re.sub(r"[.'’]", "", bare)).split()
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def one_of(candidates: Sequence[Candidate], how: str, what: str, where: LinkKind) -> Found | Hold | None:
    """Take the only candidate, hold where there are several, return None where there is none.

    ``what`` names the thing looked for and by what, such as “customers in Xero with the email a@b.nz”; ``where`` is the
    kind of the deal's record on which a person says which one is right.
    """
    distinct = {candidate.id: candidate for candidate in candidates}
    if not distinct:
        return None
    if len(distinct) == 1:
        return Found(next(iter(distinct)), how)
    listed = "; ".join(f"{candidate.label} ({candidate.id})" for candidate in distinct.values())
    return Hold(
        (
            f"There are {len(distinct)} {what}: {listed}. Merge them in Xero, or write the right one's id into the Xero"
            f" contact id of the deal's {where}.",
        ),
        tuple(distinct),
    )
