"""Compare email addresses and domains: whose mailbox an address is, and which firm a domain belongs to. Does no I/O.

A domain is compared as the part that somebody registered: mail.acme.co.nz and https://www.acme.co.nz/ are acme.co.nz,
by the public suffix list that tldextract brings along (nothing is fetched).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import idna
from email_validator import EmailNotValidError, validate_email

if TYPE_CHECKING:
    from tldextract import TLDExtract

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

_DOCUMENTATION = ("example", "example.com", "example.net", "example.org")
"""Below these names each one stands for a firm of its own, in documentation and demonstrations (RFC 2606)."""
_ADDRESS = re.compile(r"[^\s<>;,()\"]+@[^\s<>;,()\"]+")
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})


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


def emails_in(text: str | None) -> tuple[str, ...]:
    """Return the keys of all addresses in a text, for some people write two into one field."""
    return tuple(dict.fromkeys(key for found in _ADDRESS.findall(text or "") if (key := email_key(found))))


def mailbox(key: str) -> str:
    """Return the mailbox that an address reaches: without what stands behind a plus sign."""
    local, _, domain = key.rpartition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '') if domain in _DOTLESS else local}@{domain}" if local else key


def email_domain(key: str) -> str:
    """Return the firm's domain that an email key has; empty for free mail."""
    return domain_key(key.rpartition("@")[2])


@lru_cache(maxsize=50_000)
def domain_key(text: str | None) -> str:
    """Return the registrable part of a domain or web address, in ASCII; empty for free mail and for what is none."""
    host = (text or "").strip().lower()
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", host).partition("/")[0].partition("?")[0]
    host = host.rpartition("@")[2].partition(":")[0].strip(".")
    if not host or " " in host:
        return ""
    try:
        host = idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        if not host.isascii():
            return ""
    if host in FREE_MAIL:
        return ""
    found = _suffixes()(host)
    domain = f"{found.domain}.{found.suffix}" if found.domain and found.suffix else ""
    return "" if domain in FREE_MAIL else domain


@cache
def _suffixes() -> TLDExtract:
    # It takes a third of a second to import, and most commands need it not.
    from tldextract import TLDExtract

    return TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=_DOCUMENTATION
    )
