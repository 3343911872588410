"""Compare the names of firms and people: how alike two are, and whether something in them tells them apart. No I/O.

A name key only finds candidates; the comparison decides. Both keep what distinguishes: voiced kana (ダイヤ and タイヤ),
the vowels of Indic scripts (कमला and कमल), numbers (Villa-6 and Villa-7) and signs (C# and C++).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from ledgerloop.rules.identity.legal_forms import spaced, split_forms, without_forms


class Likeness(IntEnum):
    """Say how alike two names are, from the least to the most."""

    UNKNOWN = 0
    """One of them is empty."""
    OTHER = 1
    """Two names."""
    APART = 2
    """Alike, but each bears a number of its own: Villa-6 and Villa-7."""
    OTHER_FORM = 3
    """The same words with another legal form: Tui Roofing Ltd and Tui Roofing GmbH."""
    MARKED = 4
    """The same, but one bears a number that may be a copy's mark: Glenmore Ltd and Glenmore Ltd (2)."""
    ALIKE = 5
    """One holds the other, or abbreviates it: Acme and Acme Holdings, PSE and Puerto Sur Estiba."""
    VARIANT = 6
    """The same name written another way: The Wharf Kitchen, Marlow Bros, R Moore trading as Saltbush Spa."""
    SAME = 7
    """The same but for its form, which one of the two leaves out."""
    EXACT = 8
    """The same name with the same legal form, or both without one: Fit-Out Ltd and Fitout Ltd, Bär AG and Bar AG."""
    LITERAL = 9
    """The same, letter for letter, as a register would take it: Acme Ltd and ACME Limited, Bär AG and Baer AG."""


_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "ð": "d", "þ": "th", "ħ": "h", "ё": "е"}
)
_SAME_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ё": "е"})
"""Those of them that are only other ways to write the same."""
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_DIGRAPHS = re.compile("ae|oe|ue|aa")
_ACCENTED = ("LATIN", "GREEK")
"""Scripts in which an accent makes no other letter; in the others a mark is a letter's own."""
_CAPITALS_DROP = ("GREEK",)
"""Scripts whose capitals are written without accents."""

_SPA = re.compile(r"\bS\.\s?p\.\s?A\b\.?|\bSpA\b")
"""The Italian form; a day spa's name ends so too, in other letters."""
_FORMER = re.compile(r"[\[(]\s*(?:formerly|previously|früher|vormals|ehemals|ex|f/?k/?a|antes)\b[^\])]*[\])]", re.I)
_TRADING = re.compile(r"[\s(\[]+(?:t/as?|trading\s+as|d/?b/?a|doing\s+business\s+as|operating\s+as|o/a)\s+", re.I)
_MARK = re.compile(r"[\s_]*(?:\((\d{1,3})\)|-\s?(\d{1,3}))\s*$")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)['’ʼ‘`´.·](?=\d)")
_APOSTROPHES = re.compile("['’ʼ‘`´.·]")
_SINGLE_SLASH = re.compile(r"\b([^\W\d_])/([^\W\d_])\b")

_PLAINLY_AND = frozenset("& and und et og och".split())
"""Those of the words for “and” that are nothing else: “Y” may be a letter."""
_AND = frozenset("& and und et og och en y e i и και ve".split())
_ABBREVIATIONS = {
    "bros": "brothers", "bro": "brothers", "intl": "international", "int": "international", "mfg": "manufacturing",
    "svc": "services", "svcs": "services", "service": "services", "assoc": "associates", "grp": "group",
    "ctr": "centre", "center": "centre", "mgmt": "management", "eng": "engineering", "dept": "department",
    "gebr": "gebruder", "gebrueder": "gebruder", "hnos": "hermanos", "cie": "compagnie", "cia": "compania",
    "ets": "etablissements", "ste": "societe",
    "saint": "st", "street": "st", "mount": "mt", "san": "sanayi", "tic": "ticaret", "no": "number", "nr": "number",
}  # fmt: skip
_ORNAMENTS = frozenset(
    "the le la les el los las der die das company co compagnie compania firma fa messrs شركة".split()
)
_ADDITIONS = frozenset(
    "sons son daughters sohne soehne sohn fils hijos hijo figli zoon zonen partners partner associates co company"
    " holding holdings group gruppe groupe grupo international global worldwide services".split()
)
_PLACEHOLDERS = frozenset(
    "test|tests|testing|unknown|none|na|n a|tba|tbc|x|xx|xxx|sundry|sundry debtors|sundry customers|sundry customer"
    "|counter sales|counter sale|cash sales|cash sale|cash customer|cash customers|walk in|walk in customer"
    "|walk in customers|misc|miscellaneous|various|general|general customer|customer|customers|private|privat|guest"
    "|debtors|retail sales|web sales|online sales|shop sales|diverse|barverkauf|laufkundschaft|demo|sample"
    "|no name|noname|company|new company|dummy|temp".split("|")
)
"""Names that stand for many or for nobody: that two systems have them proves nothing."""
_DUMMIES = frozenset("test|tests|testing|demo|sample|dummy|temp|unknown|no name|noname|new company".split("|"))
"""Those of them that stand for nobody, even as a firm."""

_WORDS_OF_A_PERSON = (2, 3)
"""How many words a person's name has, beside initials."""
_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart."""

    words: tuple[str, ...]
    """The words as they are compared, without legal form and mark."""
    spelt: tuple[str, ...]
    """The same with ä as ae and its like."""
    literal: tuple[str, ...] = ()
    """The words and all signs with their accents, without legal form and mark."""
    forms: frozenset[str] = frozenset()
    mark: str = ""
    """A number in brackets at the end: an importer's copy, or the second of several."""
    others: tuple[Name, ...] = ()
    """The names on both sides of “trading as”."""

    @property
    def has_form(self) -> bool:
        """Tell whether the name says what kind of legal person it is."""
        return bool(self.forms)


@lru_cache(maxsize=50_000)
def parse(text: str) -> Name:
    """Take a name apart."""
    plain = unicodedata.normalize("NFKC", _SPA.sub(" s p a ", text or "")).strip()
    plain = _FORMER.sub(" ", plain).strip()
    sides = [side for side in _TRADING.split(plain) if side.strip()]
    whole = _parse_one(" ".join(sides))
    if len(sides) < 2:
        return whole
    others = tuple(_parse_one(side) for side in sides)
    apart = tuple(word for one in others for word in ("/", *one.literal))
    return replace(whole, literal=apart, others=others)


def compare(one: str, other: str) -> Likeness:
    """Say how alike two names are.

    Where both trade as something, the firms and what they trade as agree both, or it is a question: two firms may trade
    under one name, and one under two.
    """
    a, b = parse(one), parse(other)
    whole = _compare(a, b)
    if whole is Likeness.APART or not (a.others or b.others):
        return whole
    mine, theirs = a.others or (a,), b.others or (b,)
    met = [[_compare(each, against) >= Likeness.VARIANT for against in theirs] for each in mine]
    if not any(map(any, met)):
        return whole
    all_met = all(map(any, met)) and all(map(any, zip(*met, strict=True)))
    return max(whole, Likeness.VARIANT if all_met or not (a.others and b.others) else Likeness.ALIKE)


def keys(text: str | None) -> tuple[str, ...]:
    """Return the keys that a name is looked for by, its own first; none for an empty name.

    The first leaves out case, accents, legal form, ornaments and additions, and keeps numbers and signs. The others see
    to it that names which :func:`compare` takes for one, or for one in another form or with a copy's mark, have a key
    in common: the name joined with all its words, and without its mark, each side of “trading as”, and a person's name
    by the alphabet.
    """
    name = parse(text or "")
    found = [_key(name), *(key for each in (name, *name.others) for key in _further_keys(each))]
    return tuple(dict.fromkeys(key for key in found if key))


def name_key(text: str | None) -> str:
    """Return the first of a name's keys; empty for an empty name."""
    return _key(parse(text or ""))


def bare_key(text: str) -> str:
    """Return the key of a name without its mark: the same for a customer and an importer's copy of it."""
    return _key(replace(parse(text), mark=""))


def has_form(text: str) -> bool:
    """Tell whether a name says what kind of legal person it is."""
    return parse(text).has_form


def is_placeholder(text: str) -> bool:
    """Tell whether a name stands for many or for nobody: “Cash Sales”, “Test Ltd”; “Guest Ltd” is somebody's."""
    name = parse(text)
    return " ".join(name.words) in (_DUMMIES if name.has_form else _PLACEHOLDERS)


def is_label(text: str, domain: str) -> bool:
    """Tell whether a name is a domain's own word: Harbour Cycles and harbour-cycles.co.nz."""
    label = domain.partition(".")[0].replace("-", "")
    name = parse(text)
    spellings = {_joined(words) for words in (name.words, name.spelt)}
    whole = {_joined((*words, *form.split())) for words in (name.words, name.spelt) for form in (name.forms or [""])}
    dressed = {"".join(each for each in spelling if each.isalnum()) for spelling in spellings | whole}
    return bool(label) and label in dressed | {each.replace("&", "and") for each in spellings}


def same_person(one: Iterable[str], other: str) -> bool:
    """Tell whether given and family names are those of a name, in either order: Carter, John and John Carter."""
    mine = {word for part in one for word in parse(part).words}
    theirs = set(parse(other).words)
    return len(mine & theirs) >= 2 and (mine <= theirs or theirs <= mine)


def _parse_one(text: str) -> Name:
    if (found := _MARK.search(text)) and found.start() > 0:
        unmarked = _without_mark(text[: found.start()])
        # Behind a hyphen a number is a copy's mark only where the name was at its end already: “Acme Ltd-1”.
        if found[1] or unmarked.forms:
            return replace(unmarked, mark=(found[1] or found[2]).lstrip("0") or "0")
    return _without_mark(text)


def _without_mark(text: str) -> Name:
    folded = text.casefold().replace("i\u0307", "i")
    words, forms = split_forms(_words(_folded(folded)))
    spelled_out = folded.translate(_SPELT_OUT)
    spelt, _ = split_forms(_words(_folded(spelled_out)))
    exact = _words(_folded(spelled_out, _CAPITALS_DROP), _is_sign)
    place, _ = without_forms([_folded(word) for word in exact])
    literal = tuple("&" if word in _PLAINLY_AND else word for word in exact[place])
    return Name(words, spelt, literal, forms)


def _is_sign(letter: str) -> bool:
    """Tell whether what is no letter and no number distinguishes all the same, where every letter counts."""
    return letter in "&#@*/!?%§" or unicodedata.category(letter)[0] == "S"


def _folded(text: str, scripts: tuple[str, ...] = _ACCENTED) -> str:
    """Return a text without the accents of these scripts."""
    letters: list[str] = []
    for letter in unicodedata.normalize("NFC", text.translate(_LETTERS if scripts == _ACCENTED else _SAME_LETTERS)):
        bare = unicodedata.normalize("NFD", letter)
        accented = len(bare) > 1 and unicodedata.name(bare[0], "").startswith(scripts)
        letters.append(bare[0] if accented else letter)
    # The final sigma is the letter that it is anywhere else.
    return "".join(letters).replace("ς", "σ")


def _words(text: str, is_sign: Callable[[str], bool] = "+#&".__contains__) -> list[str]:
    """Cut a text into words and signs. What separates words in no script is left in them.

    Digits are never joined: 2.1 is not 21.
    """
    text = _SINGLE_SLASH.sub(r"\1\2", _APOSTROPHES.sub("", _BETWEEN_DIGITS.sub(" ", spaced(text))))
    text = re.sub(r"(?<=\s)\+(?=\s)", " & ", text.replace("♯", "#"))
    shown = []
    for letter in text:
        if is_sign(letter):
            shown.append(f" {letter} ")
        else:
            shown.append(letter if unicodedata.category(letter)[0] in "LNM" else " ")
    return "".join(shown).split()


def _joined(words: Iterable[str]) -> str:
    """Join words, so that “Fit-Out” is “Fitout”; numbers stay apart, for 1 2 is not 12."""
    joined = ""
    for word in words:
        joined += " " + word if joined and joined[-1].isdigit() and word[0].isdigit() else word
    return joined


def _key(name: Name) -> str:
    words = [word for word in _plain(name.spelt) if word not in _ORNAMENTS | _ADDITIONS | {"&"}] or list(name.spelt)
    return _as_key(_joined(words), name.mark)


def _further_keys(name: Name) -> Iterator[str]:
    """Return what :func:`_compare` finds two names the same by, and a person's name by the alphabet."""
    for mark in dict.fromkeys((name.mark, "")):
        yield _key(replace(name, mark=mark))
        for words in (name.spelt, name.words):
            yield from (_as_key(_joined(_and(words)), mark), _as_key(_bare(words), mark))
    given = sorted(word for word in name.spelt if len(word) > 1)
    if not name.forms and len(given) in _WORDS_OF_A_PERSON:
        yield _as_key(_joined(given))


def _as_key(joined: str, mark: str = "") -> str:
    return (_DIGRAPHS.sub(lambda found: found[0][0], joined) + (f" {mark}" if mark else ""))[:_LONGEST_KEY]


def _plain(words: Iterable[str]) -> list[str]:
    """Return words with abbreviations written out and one sign for “and”."""
    return [_ABBREVIATIONS.get(word, word) for word in _and(words)]


def _compare(a: Name, b: Name) -> Likeness:
    if not a.words or not b.words:
        return Likeness.UNKNOWN
    pairs = [(x, y) for x in {a.words, a.spelt} for y in {b.words, b.spelt}]
    if any(_joined(_and(x)) == _joined(_and(y)) for x, y in pairs):
        exact = Likeness.LITERAL if a.literal == b.literal else Likeness.EXACT
        alike = exact if a.forms == b.forms else Likeness.SAME
    elif any(_bare(x) == _bare(y) for x, y in pairs):
        alike = Likeness.VARIANT
    elif any(_numbered_apart(x, y) for x, y in pairs):
        return Likeness.APART
    else:
        return Likeness.ALIKE if any(_holds(x, y) for x, y in pairs) else Likeness.OTHER
    if a.mark != b.mark:
        return Likeness.APART if a.mark and b.mark else Likeness.MARKED
    if a.forms and b.forms and a.forms != b.forms:
        return Likeness.OTHER_FORM
    return alike


def _and(words: Iterable[str]) -> list[str]:
    """Return words with one sign for “and”, which stands between two others."""
    some = list(words)
    return ["&" if word in _AND and 0 < place < len(some) - 1 else word for place, word in enumerate(some)]


def _bare(words: Iterable[str]) -> str:
    """Return a name without articles and such words, as far as anything is left of it."""
    plain = _plain(words)
    return _joined([word for word in plain if word not in _ORNAMENTS and word != "&"] or plain)


def _numbered_apart(x: tuple[str, ...], y: tuple[str, ...]) -> bool:
    """Tell whether two names differ in their numbers and nowhere else."""
    letters = [[word for word in words if not any(each.isdigit() for each in word)] for words in (x, y)]
    figures = [[word for word in words if any(each.isdigit() for each in word)] for words in (x, y)]
    return letters[0] == letters[1] and bool(letters[0]) and all(figures) and figures[0] != figures[1]


def _holds(x: tuple[str, ...], y: tuple[str, ...]) -> bool:
    """Tell whether one name holds the other, or is its initials, or both are one name with other additions."""
    some = [_plain(x), _plain(y)]
    cores = [_joined(word for word in words if word not in _ADDITIONS | _ORNAMENTS | {"&"}) for words in some]
    return any(_abbreviates(*pair) for pair in (some, some[::-1])) or (bool(cores[0]) and cores[0] == cores[1])


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """Tell whether a name leaves words of another out, or is its initials."""
    if set() < set(short) - {"&"} <= set(long):
        return True
    initials = "".join(word[0] for word in long if word != "&")
    return len(initials) > 1 and _joined(short) == initials
