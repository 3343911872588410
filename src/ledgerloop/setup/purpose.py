"""Ask what organisations are for that were connected beside others; show their customers, or hide them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.errors import LedgerloopError
from ledgerloop.records import Organisation
from ledgerloop.rules.routing import Route, home_of_open, leading_to, leaves_open
from ledgerloop.setup.connect import Desk, let_go_on
from ledgerloop.store import connections, journal, links
from ledgerloop.store.connections import Connected


@dataclass(frozen=True, slots=True)
class Question:
    """Ask about one organisation."""

    organisation: Organisation
    routes: tuple[str, ...]
    """The routes that lead to it by its name or id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is asked; nothing where no organisation waits for an answer."""

    questions: tuple[Question, ...]
    homes: tuple[Organisation, ...]
    """The organisations that deals may lead to whose route names none; nothing where every route names one."""
    home: str
    """The id of the one where these deals lead now; nothing where they wait."""


def asked(tx: Connection, routes: Sequence[Route]) -> Asked:
    """Say what a person is to be asked."""
    waiting = [each.facts for each in connections.unanswered(tx) if isinstance(each.facts, Organisation)]
    going = connections.organisations(tx)
    home = home_of_open(routes, going, connections.chosen(tx))
    return Asked(
        tuple(Question(one, tuple(leading_to(routes, one, None))) for one in waiting),
        (*going, *waiting) if leaves_open(routes) and waiting else (),
        home.id if home else "",
    )


def answer(desk: Desk, hidden: Collection[str], home: str) -> list[Organisation]:
    """Let every organisation begin that waits for it, and return them.

    ``hidden`` are the names or ids of those whose customers are not to be shown in HubSpot. ``home`` is the name or id
    of the organisation in which deals are invoiced whose route names none; without one they go where a person has
    chosen, or wait. Raises LedgerloopError, with nothing changed, for a name or id that is not meant.
    """
    with desk.database.transaction() as tx:
        waiting = connections.unanswered(tx)
        if not waiting:
            raise LedgerloopError(
                "No organisation waits to be told what it is for. `ledgerloop connect choose` says where deals are"
                " invoiced, and `ledgerloop connect show` shows the customers of one that was hidden."
            )
        unshown = {_named(waiting, one).id for one in hidden}
        going = [one for one in connections.all_connected(tx, "xero") if not one.ended]
        if home:
            connections.choose(tx, _named(going, home).id)
        begun = []
        for one in waiting:
            assert isinstance(one.facts, Organisation)
            organisation = replace(one.facts, shown=one.id not in unshown)
            connections.put(tx, replace(one, facts=organisation, state="connected", why=""))
            begun.append(organisation)
        let_go_on(tx, desk.now())
    desk.nudge()
    return begun


def show(desk: Desk, given: str) -> Organisation:
    """Have an organisation's customers shown in HubSpot from now on, that was not to be; by its name or id.

    A record that shows another organisation by now goes on to do so. Raises LedgerloopError where none is meant.
    """
    with desk.database.transaction() as tx:
        hidden = [one for one in connections.all_connected(tx, "xero") if not one.off and not _shown(one)]
        if not hidden:
            raise LedgerloopError("There is no connected organisation whose customers are not shown.")
        found = _named(hidden, given)
        assert isinstance(found.facts, Organisation)
        organisation = replace(found.facts, shown=True)
        connections.put(tx, replace(found, facts=organisation))
        connections.hide(tx, organisation.id, False)
        links.stand_back(tx, organisation.id, desk.now())
        let_go_on(tx, desk.now())
    desk.nudge()
    return organisation


@dataclass(frozen=True, slots=True)
class Hiding:
    """What goes with an organisation's customers being shown."""

    organisation: Organisation
    records: int
    """Contacts and companies of its customers."""
    questions: int
    """What waits for a person about its customers."""

    @property
    def sentences(self) -> list[str]:
        """Say what is taken off records, what ends, and what stays."""
        name, records = self.organisation.name, f"{self.records} record{'s' if self.records > 1 else ''} in HubSpot"
        said = []
        if self.records:
            said.append(
                f"What the customers of {name} owe is taken off {records}, with their Xero contact ids, unless another"
                " organisation shows there what its own customer owes. The records stay, and so do notes that were"
                " written."
            )
        said.append(
            "From then on nothing of its customers is shown, made or asked in HubSpot, and what people change there"
            f" does not reach {name}'s contacts in Xero."
        )
        if self.questions:
            many = self.questions
            said.append(f"{many} question{'s' if many > 1 else ''} about its customers end{'' if many > 1 else 's'}.")
        return [*said, "Deals are invoiced there as before, and show their invoices."]


def hiding(tx: Connection, given: str) -> Hiding:
    """Say what goes with an organisation's customers being shown, by its name or id; LedgerloopError for another."""
    shown = [one for one in connections.all_connected(tx, "xero") if not one.off and _shown(one)]
    if not shown:
        raise LedgerloopError("There is no connected organisation whose customers are shown.")
    organisation = _named(shown, given).facts
    assert isinstance(organisation, Organisation)
    questions = [one.subject for one in journal.holds(tx) if one.lane == organisation.id]
    return Hiding(
        organisation,
        len(links.listed(tx, organisation.id)),
        sum(subjects.is_about_customers(one) for one in questions),
    )


def hide(desk: Desk, given: str) -> Organisation:
    """Have an organisation's customers shown no more, and what is shown taken off by its lane; by its name or id.

    Raises LedgerloopError where none is meant.
    """
    with desk.database.transaction() as tx:
        organisation = replace(hiding(tx, given).organisation, shown=False)
        before = connections.get(tx, "xero", organisation.id)
        assert before is not None
        connections.put(tx, replace(before, facts=organisation))
        connections.hide(tx, organisation.id, True)
        let_go_on(tx, desk.now())
    desk.nudge()
    return organisation


def _shown(connected: Connected) -> bool:
    return isinstance(connected.facts, Organisation) and connected.facts.shown


def _named(among: Sequence[Connected], given: str) -> Connected:
    found = [one for one in among if given in (one.id, one.name)]
    if len(found) != 1:
        known = ", ".join(f"{one.name} ({one.id})" for one in among)
        raise LedgerloopError(f"There is no one organisation “{given}” here. There are: {known}.")
    return found[0]
