"""Compare tax numbers, company numbers and telephone numbers, however they are written. Does no I/O."""

from __future__ import annotations

import re
from functools import lru_cache

_LEAST = 6
"""A shorter text is no number of a legal person: “n/a”, “0”, “tbc”."""


@lru_cache(maxsize=20_000)
def number_key(text: str | None, country: str = "") -> str:
    """Return a tax or company number as it is compared; empty where it is none.

    ``country`` is its two-letter code, where known: what that country's own rules leave out is left out, as the country
    itself in front of a VAT number.
    """
    plain = re.sub(r"[^0-9A-Z]", "", (text or "").upper())
    if len(plain) < _LEAST or not any(each.isdigit() for each in plain) or len(set(plain)) == 1:
        return ""
    prefix = country.upper() or (plain[:2] if plain[:2].isalpha() else "")
    return _compact(plain, prefix) or plain


def same_number(one: str, other: str) -> bool:
    """Tell whether two number keys are one number; one may have the country in front, or be an ABN with its ACN."""
    short, long = sorted((one, other), key=len)
    if not short:
        return False
    if short == long or (long[:2].isalpha() and long[2:] == short):
        return True
    return len(short) == 9 and len(long) == 11 and long.isdigit() and long.endswith(short)


@lru_cache(maxsize=20_000)
def phone_key(text: str | None, country: str = "") -> str:
    """Return a telephone number in international form; empty where it is none, or nobody knows of which country."""
    import phonenumbers  # large, and most commands compare no telephone numbers

    if not text or not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _compact(plain: str, country: str) -> str:
    """Return what a country's own rules make of a VAT number; empty where it is none of that country."""
    from stdnum import get_cc_module  # as above
    from stdnum.exceptions import ValidationError

    if len(country) != 2:
        return ""
    module = get_cc_module(country.lower(), "vat")
    if module is None:
        return ""
    try:
        return str(module.validate(plain))
    except ValidationError:
        return ""
