"""Compare tax numbers, company numbers and telephone numbers, however they are written. Does no I/O."""

from __future__ import annotations

import re
from functools import lru_cache

_LABELS = re.compile(
    r"(?<![A-Z])(?:UST[ .-]*ID(?:[ .-]*N[RO])?"
    r"|(?:GSTIN|GST|NZBN|ABN|ACN|IRD|VATIN|VAT|MWST|UST|UID|TVA|IVA|BTW|MVA"
    r"|NIF|CIF|NIP|SIREN|KVK|CRN|EIN|TAX|TIN|REG|COMPANY)"
    r"(?:[ .-]*(?:NUMBER|NUM|NO|NR|ID)(?![A-Z0-9]))?)(?![A-Z])"
)
"""What people write beside a number, in front or behind: “GST 123-456-789”, “CHE-123.456.788 MWST”."""

_DATE = re.compile(r"\s*(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4})\s*")

_SHAPE = re.compile(r"(?=(?:[A-Z]*\d){5})[A-Z]{0,3}\d(?:[A-Z]{0,3}\d)*[A-Z]{0,3}")
"""How numbers look in most countries: digits, at least five, with a few letters. “Exempt 2024” is none."""

_LETTERED = ("in_.gstin", "in_.pan", "mx.rfc", "it.codicefiscale")
"""The kinds that carry more letters; what they are is told by their own rules."""

_COUNTRIES = {"CHE": "CH", "EL": "GR", "XI": "GB"} | {
    each: each
    for each in (
        "AT AU BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MT NL NO NZ PL PT RO SE SI SK".split()
    )
}
"""What stands in front of a number for its country. “SC” and “NI” are none: they are parts of a British number."""

_LEAST = 6
"""A shorter text is no number of a legal person: “0”, “12345”."""


@lru_cache(maxsize=20_000)
def number_key(text: str | None) -> str:
    """Return a tax or company number as it is compared, the country that is written with it first; empty for none.

    Labels, punctuation and leading zeros make no difference: spreadsheets lose zeros, and no two numbers of one country
    differ in nothing else. What does not look like a number of any country is none.
    """
    upper = (text or "").upper()
    if _DATE.fullmatch(upper):
        return ""
    plain = re.sub(r"[^0-9A-Z]", "", _LABELS.sub(" ", upper))
    prefix = next((each for each in sorted(_COUNTRIES, key=len, reverse=True) if plain.startswith(each)), "")
    rest = plain.removeprefix(prefix)
    if len(rest) < _LEAST or len(set(rest)) == 1 or not (_SHAPE.fullmatch(rest) or _lettered(rest)):
        return ""
    return _COUNTRIES.get(prefix, "") + rest.lstrip("0")


def country_of(number: str) -> str:
    """Return the country that a number key names, in small letters as addresses have it; empty where it names none."""
    return number[:2].lower() if number[:2] in _COUNTRIES else ""


def lookups(number: str) -> tuple[str, ...]:
    """Return what a number key is looked for by, since people write it in several ways; none for none.

    Those are the number without its country, and for an ABN the ACN in it.
    """
    plain = _bare(number)
    acn = plain[-9:].lstrip("0") if len(plain) == 11 and plain.isdigit() else ""
    return tuple(each for each in (plain, acn) if each)


def same_number(one: str, other: str) -> bool:
    """Tell whether two number keys are one number; one may have the country in front, or be an ABN with its ACN."""
    if country_of(one) and country_of(other) and country_of(one) != country_of(other):
        return False
    short, long = sorted((_bare(one), _bare(other)), key=len)
    if not short:
        return False
    if short == long:
        return True
    # An ACN may have lost two zeros in front.
    return 7 <= len(short) <= 9 and len(long) == 11 and long.isdigit() and long.endswith(short.zfill(9))


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


def _bare(number: str) -> str:
    return number[2:] if country_of(number) else number


def _lettered(plain: str) -> bool:
    """Tell whether a text is a number of one of the kinds with many letters, by that kind's own rules."""
    from importlib import import_module  # large, as above

    return any(import_module(f"stdnum.{kind}").is_valid(plain) for kind in _LETTERED)
