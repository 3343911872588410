"""The state of one portal: its clock, settings, keys, records, definitions, pipelines, associations and events.

The rules live in the modules that take a Portal; here is only what they all need.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.hubspot.builtin import CURRENCIES, definitions_of
from ledgerloop_sandbox.hubspot.changes import Change
from ledgerloop_sandbox.hubspot.definitions import Definition, Group
from ledgerloop_sandbox.hubspot.edges import Edges
from ledgerloop_sandbox.hubspot.kinds import BY_NAME, CONTACT, KINDS, Kind
from ledgerloop_sandbox.hubspot.limits import Limits
from ledgerloop_sandbox.hubspot.lists import RecordList
from ledgerloop_sandbox.hubspot.people import Owner, TaxRate
from ledgerloop_sandbox.hubspot.records import Shelf
from ledgerloop_sandbox.hubspot.refusals import invalid
from ledgerloop_sandbox.hubspot.rules import Rule
from ledgerloop_sandbox.hubspot.settings import Settings
from ledgerloop_sandbox.hubspot.stages import Pipeline
from ledgerloop_sandbox.hubspot.tokens import Code, Keys

FIRST_ID = 30_000_000_001
TIME_ZONE = "Pacific/Auckland"


class Portal:
    """One HubSpot account."""

    def __init__(self, clock: Clock, portal_id: int, seed: int) -> None:
        self.clock = clock
        self.portal_id = portal_id
        self.started = self.now()
        self.dice = random.Random(seed)
        self.settings = Settings()
        self.keys = Keys(random.Random(seed + 1))
        self.codes: dict[str, Code] = {}
        self.time_zone = TIME_ZONE
        self.limits = Limits(clock, self.settings, TIME_ZONE)
        self.currencies: tuple[str, ...] = CURRENCIES
        self.exchange_rates = {"NZD": "1.0", "USD": "1.7", "AUD": "1.1"}
        self.shelves = {kind: Shelf(kind) for kind in KINDS}
        self.definitions: dict[Kind, dict[str, Definition]] = {kind: definitions_of(kind, self.now()) for kind in KINDS}
        self.groups: dict[Kind, dict[str, Group]] = {
            kind: {kind.group: Group(kind.group, f"{kind.singular.capitalize()} information", 0)} for kind in KINDS
        }
        self.rules: dict[Kind, dict[str, dict[str, Rule]]] = {kind: {} for kind in KINDS}
        for kind in KINDS:
            for definition in self.definitions[kind].values():
                if definition.unique and definition.name != "hs_object_id":
                    self.shelves[kind].start_unique(definition.name)
        self.pipelines: dict[Kind, dict[str, Pipeline]] = {kind: {} for kind in KINDS}
        self.owners: list[Owner] = []
        self.tax_rates: list[TaxRate] = []
        self.edges = Edges()
        self.erased: set[str] = set()
        """Addresses of contacts that were deleted for privacy."""
        self.lists: dict[str, RecordList] = {}
        self.tell: Callable[[Change], None] = lambda change: None
        self._next_id = FIRST_ID

    def now(self) -> int:
        """Return the time in epoch milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def new_id(self) -> str:
        """Return a new record id; they grow with gaps."""
        self._next_id += 1 + self.dice.getrandbits(3)
        return str(self._next_id)

    def kind(self, name: str) -> Kind:
        """Return an object type by any of its spellings."""
        kind = BY_NAME.get(name.lower())
        if kind is None:
            raise invalid(f"Unable to infer object type from: {name}")
        return kind

    def shelf(self, name: str) -> Shelf:
        """Return the records of an object type by any of its spellings."""
        return self.shelves[self.kind(name)]

    @property
    def contacts(self) -> Shelf:
        """Return the contacts."""
        return self.shelves[CONTACT]

    def definition(self, kind: Kind, name: str) -> Definition | None:
        """Return a property that can be used now: not archived, and readable already."""
        definition = self.definitions[kind].get(name)
        if definition is None or definition.archived is not None or definition.readable > self.now():
            return None
        return definition
