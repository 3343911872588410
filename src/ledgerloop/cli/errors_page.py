"""Write the table of refusals into the page of errors: ``python -m ledgerloop.cli.errors_page docs/errors.md``."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from ledgerloop.errors import ConsentNeeded
from ledgerloop.refusals import ROWS, Again, Row, Where

_BEGIN = (
    "<!-- Made by `python -m ledgerloop.cli.errors_page docs/errors.md` of `refusals.py`; change that, not this. -->"
)
_END = "<!-- end of the table -->"
_TITLES: Mapping[Where, str] = {
    "xero": "Of Xero",
    "hubspot": "Of HubSpot",
    "any": "Of either",
    "identity": "Of Xero's identity host, where tokens are made and renewed",
}
_NAMES: Mapping[Where, str] = {"xero": "Xero", "hubspot": "HubSpot", "any": "Xero", "identity": "Xero"}
_AGAIN: Mapping[Again, str] = {
    "never": "no",
    "renewed": "once, with a new token",
    "replaced": "where somebody has connected anew meanwhile",
    "told": "after the time it tells, if short",
    "unlocked": "yes, after 2 seconds",
    "unsent": "yes",
    "reads": "what may be done twice, such as a read",
}


def with_table(page: str) -> str:
    """Return the page with the table of today in it."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return "\n".join([f"{before}{_BEGIN}\n", *_lines(), f"{_END}{after}"])


def _lines() -> Iterator[str]:
    for where, title in _TITLES.items():
        yield from (
            f"### {title}", "",
            "| Status | What is answered | Error | Sent again | Sentence | What happens next |",
            "| --- | --- | --- | --- | --- | --- |",
        )  # fmt: skip
        for row in sorted((row for row in ROWS if row.where == where), key=_place):
            cells = (_statuses(row.statuses), row.shown, _error(row), _AGAIN[row.again], _sentence(row))
            yield "| " + " | ".join((*cells, row.follows)) + " |"
        yield ""


def _place(row: Row) -> int:
    """Put what concerns any status, or none, at the end."""
    return 999 if 0 in row.statuses or len(row.statuses) > 500 else min(row.statuses)


def _error(row: Row) -> str:
    repeatable = (True,) if row.where == "identity" else (True, False)  # a renewal may be done twice
    names = dict.fromkeys(row.error_for(one).__name__ for one in repeatable)
    return " or ".join(f"[{name}](#{name.lower()})" for name in names)


def _statuses(statuses: Collection[int]) -> str:
    if 0 in statuses:
        return "none came"
    hundreds = {status // 100 for status in statuses}
    if len(hundreds) > 5:
        return "any other"
    if len(statuses) >= 100:
        return ", ".join(f"{hundred}xx" for hundred in sorted(hundreds))
    return ", ".join(map(str, statuses))


def _sentence(row: Row) -> str:
    name = _NAMES[row.where]
    shown = row.sentence.format(
        name=name,
        call="GET /path",
        status=_statuses(row.statuses).partition(",")[0] if len(row.statuses) < 100 else "…",
        said="…",
        scopes="; any one of these scopes would do: …",
    )
    return f"“{ConsentNeeded(name, shown).sentence if row.error is ConsentNeeded else shown}”"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text("utf-8")), "utf-8")
