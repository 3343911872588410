"""Make the HubSpot lists that people ask for: who is overdue, who owes, who has paid. May be repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ledgerloop.errors import Missing
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.rules.lists import LISTS


@dataclass(slots=True)
class Listed:
    """What became of the lists, by name: those made, those changed, those that were right already."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def make_lists(client: HubSpotClient, names: Mapping[str, str]) -> Listed:
    """Make each list that no list of its name stands for, and set the filter of one that differs.

    A list's name is unique in the account, so it tells whether ours was made before (HubSpot: lists guide).
    """
    done = Listed()
    named: Callable[[str], str] = lambda name: names.get(name, name)  # noqa: E731
    for wanted in LISTS:
        branch = wanted.branch(named)
        try:
            known = client.list_named("contacts", wanted.name)
        except Missing:
            client.create_list("contacts", wanted.name, branch)
            done.made.append(wanted.name)
            continue
        if known.processing_type != "DYNAMIC":
            done.wrong.append(f"The list “{wanted.name}” exists and fills by hand. Rename it, and run this again.")
        elif known.filter_branch is None or not wanted.filters_alike(known.filter_branch, named):
            client.set_list_filter(known.list_id, branch)
            done.changed.append(wanted.name)
        else:
            done.there.append(wanted.name)
    return done
