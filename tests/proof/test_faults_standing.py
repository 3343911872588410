"""People work in both systems while everything goes wrong: when it is quiet, HubSpot shows what the books say.

Random steps; webhooks lost, doubled and reordered; calls that fail in every way; tokens that expire; days that go by;
a process that is killed; customers merged and archived in Xero, their records merged, deleted and edited in HubSpot,
names and emails changed on both sides. Changes go to Xero too on one of the two databases. `make soak` takes 10,000
steps. SEED=… replays, STEPS=… says how many.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import trouble
from agreed import Agreed
from ledger import Ledger
from movers import Movers
from people import People
from register import KINDS, Register, carried
from served import Host, Served, served
from truths import Truths

from ledgerloop.cli.stage import Sections
from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.xero.organisation import Organisation

SEED = int(os.environ.get("SEED", "11"))
STEPS = int(os.environ.get("STEPS", "100"))
RATE = 0.05
_LOOK_EVERY = min(250, max(1, STEPS // 2))
"""Steps after which it must be quiet and right."""
_KILLED, _EXPIRED, _NIGHT = 0.02, 0.01, 0.01
_MOST_WRITES = 1.5
_PATIENCE = 180.0
"""Seconds until all is quiet; a quota may be spent on a busy machine."""


def test_hubspot_shows_what_the_books_say(host: Host, tmp_path: Path, database: str) -> None:
    """Whatever people did and whatever failed: every standing is right, every customer has exactly its records and
    nobody else's, who is in doubt is asked about, both sides agree on names and emails, and no write was for nothing.
    """
    dice = random.Random(SEED)
    both = (SEED + database.startswith("sqlite")) % 2 == 0
    more: Sections = {"route": {"status": "AUTHORISED"}, "fields": {"to_xero": both}}
    with served(host, tmp_path, database, more=more) as scene:
        books = scene.sandbox.xero.books.organisations[scene.on.organisation]
        truths = Truths(books, scene.sandbox.clock.now)
        register = Register(one.id for one in books.contacts)
        movers = Movers(scene, register, Agreed(both=both), truths, dice)
        people = People(scene, movers, dice)
        born = int(movers.portal.new_id())
        done: Counter[str] = Counter()
        (tmp_path / "writes").write_text("")
        trouble.arm(scene, RATE)
        for number in range(1, STEPS + 1):
            done[_step(scene, people, dice)] += 1
            truths.note()
            time.sleep(dice.random() / 25)
            if number % _LOOK_EVERY == 0 or number == STEPS:
                went_wrong = _quieten(scene, movers)
                truths.note()
                wrong = _differences(scene, people, born)
                (tmp_path / "diary").write_text("\n".join(movers.diary))
                print(*wrong, sep="\n", end="", flush=True)
                print(f"SEED={SEED}, step {number}: {len(movers.customers)} customers, {len(wrong)} wrong", flush=True)
                assert not wrong, "\n".join([f"SEED={SEED}, after step {number}:", *wrong])
                trouble.arm(scene, RATE)
        truths.look(movers.portal)
        sent, needed, lies = truths.judge((tmp_path / "writes").read_text())

        print(f"SEED={SEED} STEPS={STEPS} {'to Xero too' if both else 'to HubSpot alone'}: {dict(done)}")
        print(f"at the end went wrong: {went_wrong}")
        print(f"{sent} records written, {needed} had to be: {sent / needed:.2f}; never true: {lies}")
        assert sent <= _MOST_WRITES * needed


def _step(scene: Served, people: People, dice: random.Random) -> str:
    """Let people do something, or something happen to the service."""
    chance = dice.random()
    if chance < _KILLED:
        scene.kill()
        time.sleep(dice.random() / 4)
        scene.start(watch=True)
        return "killed"
    if chance < _KILLED + _EXPIRED:
        trouble.expire_tokens(scene)
        return "tokens expired"
    if chance < _KILLED + _EXPIRED + _NIGHT:
        end = time.monotonic() + 2
        while scene.running() and time.monotonic() < end:
            time.sleep(0.02)
        if scene.running():
            return "hours did not go by"  # they would between a request and its answer, which no hours ever do
        scene.pass_time(8 * 3600)
        return "hours went by"
    what, taken = people.step()
    return what if taken else f"{what} refused"


def _quieten(scene: Served, movers: Movers) -> dict[str, int]:
    """End the trouble, and let the time go by after which everything is looked at without a webhook.

    What HubSpot did not tell of records that were merged or deleted shows at their next write, so they are given one.
    """
    went_wrong = trouble.taken(scene)
    for vendor in ("xero", "hubspot"):
        scene.mend(vendor)
    scene.settle(_PATIENCE)
    for customer in movers.register.to_look_at(movers.books):
        scene.invoice_for(customer, "1.00")
    for _ in range(2):
        scene.settle(_PATIENCE)
        scene.pass_time(16 * 60)
        time.sleep(0.6)
    scene.settle(_PATIENCE)
    return went_wrong


def _differences(scene: Served, people: People, born: int) -> list[str]:
    """Hold what HubSpot shows against the books, and who is there against what people did."""
    books, movers = people.books, people.movers
    ledger = Ledger(books, books.today(scene.sandbox.clock.now()))
    holds = {subject: " ".join(reasons) for subject, reasons in scene.holds().items()}
    wrong = movers.register.wrong(books, movers.portal, born, holds)
    wrong += movers.agreed.wrong(books.contacts, movers.portal)
    wrong += _apart(books, movers.portal)
    for kind in KINDS:
        for customer, records in carried(movers.portal, kind).items():
            for record in records:
                wrong += _unlike(f"{kind} {record.id}", ledger.standing(customer), record.properties)
    for deal in people.deals:
        mark = f"HS-{deal}"
        made = [one.id for one in books.invoices if mark in one.reference.split()]
        if len(made) != 1:
            wrong.append(f"deal {deal} has {len(made)} invoices")
            continue
        wrong += _unlike(
            f"deal {deal}", ledger.invoice(made[0], deal), movers.portal.shelf("deals").live[deal].properties
        )
    movers.register.quiet()
    return wrong


def _apart(books: Organisation, portal: Portal) -> list[str]:
    """Name the customers whose contact and company are not associated."""
    contacts, companies = carried(portal, "contacts"), carried(portal, "companies")
    return [
        f"contact {contact.id} and company {company.id} of {customer} are not associated"
        for customer in contacts.keys() & companies.keys()
        if books.contacts.rows[customer].status == "ACTIVE"
        for contact, company in itertools.product(contacts[customer], companies[customer])
        if not portal.edges.between((CONTACT, contact.id), (COMPANY, company.id))
    ]


def _unlike(what: str, wanted: Mapping[str, str], shown: Mapping[str, str]) -> list[str]:
    return [
        f"{what}: {name} is {shown.get(name, '')!r} and not {value!r}"
        for name, value in wanted.items()
        if shown.get(name, "") != value
    ]
