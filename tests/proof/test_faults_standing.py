"""People work in both systems while everything goes wrong: when it is quiet, HubSpot shows what the books say.

Random steps; webhooks lost, doubled and reordered; calls that fail in every way; tokens that expire; days that go by;
a process that is killed; customers merged and archived in Xero, their records merged, deleted and edited in HubSpot,
names and emails changed on both sides. In between people are met who are hard to tell apart, in two organisations:
their author says who they are, and when a person must be asked. Changes go to Xero too on one of the two databases.
HubSpot tells what the set-up page subscribes to; with one seed of two also what it calls worth its while.
`make soak` takes 10,000 steps, `make test` as many as it takes to play every scene. SEED=… replays, STEPS=… says how
many. Each step draws its own dice, so what is played, and when the process is killed, is the same on any machine.
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
from author import Author
from movers import Movers
from people import People
from plots import Plots
from register import KINDS, Register, carried
from served import Host, Served, served
from subscribed import subscriptions
from truths import Truths

from ledger import Ledger
from ledgerloop.cli.stage import Sections
from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.xero.organisation import Organisation

SEED = int(os.environ.get("SEED", "5"))
STEPS = int(os.environ.get("STEPS", "80"))
"""With this seed, so many steps play every scene, two deaths of the process, a night and two deals besides."""
RATE = 0.05
_LOOK_EVERY = min(250, max(1, STEPS // 2))
"""Steps after which it must be quiet and right."""
_KILLED, _EXPIRED, _NIGHT = 0.02, 0.01, 0.01
_HOME, _ABROAD = "Kiwi Demo Ltd", "Aussie Demo Pty"
_MOST_WRITES, _SPARE = 1.5, 50
"""Times as many records as had to be written; and some more, which count where a short run makes most things new."""
_PATIENCE = 180.0
"""Seconds until all is quiet; a quota may be spent on a busy machine."""


def test_hubspot_shows_what_the_books_say(host: Host, tmp_path: Path, database: str) -> None:
    """Whatever people did and whatever failed: every standing is right, every customer has exactly its records and
    nobody else's, who is in doubt is asked about, both sides agree on names and emails, and no write was for nothing.
    """
    dice = random.Random(SEED)
    both = (SEED + database.startswith("sqlite")) % 2 == 0
    answers_told = SEED // 2 % 2 == 0
    more: Sections = {"route": {"organisation": _HOME, "status": "AUTHORISED"}, "fields": {"to_xero": both}}
    with served(host, tmp_path, database, more=more) as scene:
        home, abroad = scene.on.organisation, scene.connect_also(_ABROAD)
        told = {"subscriptions": subscriptions(answers_told=answers_told, both=both)}
        answer = scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json=told)
        assert answer.status_code == 200, answer.text
        all_books = scene.sandbox.xero.books.organisations
        books = all_books[home]
        truths = Truths(scene.sandbox, [books, all_books[abroad]])
        register = Register(one.id for one in books.contacts)
        movers = Movers(scene, register, Agreed(both=both), truths, dice)
        plots = Plots(scene, Author(), (home, abroad), dice, both=both)
        people = People(scene, movers, plots, dice)
        born = int(movers.portal.new_id())
        done: Counter[str] = Counter()
        (tmp_path / "writes").write_text("")
        trouble.arm(scene, RATE)
        for number in range(1, STEPS + 1):
            # Anew for each step, so that what is played does not hang on how far the service was in those before.
            dice.seed(f"{SEED} {number}")
            pause = dice.random() / 25
            done[_step(scene, people, dice)] += 1
            truths.note()
            time.sleep(pause)
            if number % _LOOK_EVERY == 0 or number == STEPS:
                went_wrong = _quieten(scene, people)
                truths.note()
                wrong = _differences(scene, people, born)
                asked = len(list(plots.author.questions()))
                dice.seed(f"{SEED} {number} answers")
                wrong += plots.answer_some()
                (tmp_path / "diary").write_text("\n".join([*movers.diary, *plots.diary]))
                print(*wrong, sep="\n", flush=True)
                customers = len(movers.customers) + len(plots.author.parts)
                print(f"SEED={SEED}, step {number}: {customers} customers, {asked} asked about, {len(wrong)} wrong")
                assert not wrong, "\n".join([f"SEED={SEED}, after step {number}:", *wrong])
                trouble.arm(scene, RATE)
        truths.look(movers.portal)
        sent, needed, lies = truths.judge((tmp_path / "writes").read_text())

        told_of = "answers told of" if answers_told else "answers not told of"
        print(f"SEED={SEED} STEPS={STEPS} {'to Xero too' if both else 'to HubSpot alone'}, {told_of}: {dict(done)}")
        print(f"{plots.answered} questions answered; at the end went wrong: {went_wrong}")
        print(f"{sent} records written, {needed} had to be: {sent / needed:.2f}; never true: {lies}")
        assert sent <= _MOST_WRITES * needed + _SPARE


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


def _quieten(scene: Served, people: People) -> dict[str, int]:
    """End the trouble, and let the time go by after which everything is looked at without a webhook.

    What HubSpot did not tell of records that were merged or deleted shows at their next write, so they are given one.
    """
    went_wrong = trouble.taken(scene)
    for vendor in ("xero", "hubspot"):
        scene.mend(vendor)
    scene.settle(_PATIENCE)
    for customer in people.movers.register.to_look_at(people.books):
        scene.invoice_for(customer, "1.00")
    people.plots.look_again()
    scene.settle(_PATIENCE)
    for _ in range(2):
        scene.look_round(16 * 60, _PATIENCE)
    return went_wrong


def _differences(scene: Served, people: People, born: int) -> list[str]:
    """Hold what HubSpot shows against the books, and who is there against what people did."""
    movers, author, portal = people.movers, people.plots.author, people.movers.portal
    now, all_books = scene.sandbox.clock.now(), list(people.plots.books.values())
    ledgers = {one.id: Ledger(books, books.today(now)) for books in all_books for one in books.contacts}
    holds = {subject: " ".join(reasons) for subject, reasons in scene.holds().items()}
    wrong = author.wrong(all_books, portal, holds)
    others = {subject: said for subject, said in holds.items() if subject not in author.subjects()}
    wrong += movers.register.wrong(people.books, portal, born, others, author)
    wrong += movers.agreed.wrong(people.books.contacts, portal)
    for books in all_books:
        wrong += _apart(books, portal)
    for kind in KINDS:
        wrong += _nobodys_figures(portal, kind)
        for customer, records in carried(portal, kind).items():
            for record in records:
                if customer in ledgers:
                    wrong += _unlike(f"{kind} {record.id}", ledgers[customer].standing(customer), record.properties)
                else:
                    wrong.append(f"{kind} {record.id} carries {customer}, which is nobody")
    billed = [deal for deal, sale in author.sales.items() if sale.payer in author.parts]
    for deal in [*people.deals, *billed]:
        mark = f"HS-{deal}"
        made = [one.id for one in people.books.invoices if mark in one.reference.split()]
        if len(made) != 1:
            wrong.append(f"deal {deal} has {len(made)} invoices")
            continue
        ledger = Ledger(people.books, people.books.today(now))
        wrong += _unlike(f"deal {deal}", ledger.invoice(made[0], deal), portal.shelf("deals").live[deal].properties)
    movers.register.quiet()
    return wrong


def _nobodys_figures(portal: Portal, kind: str) -> list[str]:
    """Name the records that show what somebody owes and are no customer."""
    return [
        f"{kind} {record.id} shows {record.properties['xero_outstanding_balance']} and is nobody's"
        for record in list(portal.shelf(kind).live.values())
        if record.properties.get("xero_outstanding_balance") and not record.properties.get("xero_contact_id")
    ]


def _apart(books: Organisation, portal: Portal) -> list[str]:
    """Name the customers whose contact and company are not associated."""
    contacts, companies = carried(portal, "contacts"), carried(portal, "companies")
    return [
        f"contact {contact.id} and company {company.id} of {customer} are not associated"
        for customer in contacts.keys() & companies.keys()
        if customer in books.contacts.rows and books.contacts.rows[customer].status == "ACTIVE"
        for contact, company in itertools.product(contacts[customer], companies[customer])
        if not portal.edges.between((CONTACT, contact.id), (COMPANY, company.id))
    ]


def _unlike(what: str, wanted: Mapping[str, str], shown: Mapping[str, str]) -> list[str]:
    return [
        f"{what}: {name} is {shown.get(name, '')!r} and not {value!r}"
        for name, value in wanted.items()
        if shown.get(name, "") != value
    ]
