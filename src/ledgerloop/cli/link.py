"""Say who is who, end a link that is wrong, and list the links with how they came about."""

from __future__ import annotations

from typing import Annotated

import typer

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.cli.opening import (
    FILE,
    Config,
    Customer,
    HubSpotUrl,
    OfOrganisation,
    OnSandbox,
    XeroUrl,
    looking,
    opened,
)
from ledgerloop.cli.show import Json, print_json, print_table, say
from ledgerloop.customers import answers
from ledgerloop.customers.answers import Ruled
from ledgerloop.customers.link_by_hand import HALVES
from ledgerloop.customers.named import customers_named, organisation_of, organisation_of_customer
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import payer_answers
from ledgerloop.parts import instead
from ledgerloop.records import Organisation
from ledgerloop.report.wording import moment
from ledgerloop.store import connections, links, mirror
from ledgerloop.store.links import Kept

WhichCustomer = Annotated[str, typer.Option("--customer", help="The Xero customer: its id, or its email or name.")]
Company = Annotated[str, typer.Option("--company", help="The id of the HubSpot company that it is.")]
Contact = Annotated[str, typer.Option("--contact", help="The id of the HubSpot contact that it is.")]
New = Annotated[bool, typer.Option("--new", help="It is none of those that there are: one of its own is made.")]
Deal = Annotated[str, typer.Option("--deal", help="The HubSpot id of a deal that the customer pays for.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="End the link that the customer has to another record, and empty that one.")
]
Others = Annotated[
    list[str] | None,
    typer.Option(
        "--not", help="With --deal and --new: an archived customer that it is not, though something is open on it."
    ),
]
ItsCompany = Annotated[bool, typer.Option("--company", help="Only the link to its company.")]
ItsContact = Annotated[bool, typer.Option("--contact", help="Only the link to its contact.")]
Review = Annotated[bool, typer.Option("--review", help="Only links of an earlier release that a person must look at.")]

_BY = "command"


def link(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    organisation: OfOrganisation = "",
    customer: WhichCustomer = "",
    company: Company = "",
    contact: Contact = "",
    new: New = False,
    deal: Deal = "",
    replace: Replace = False,
    others: Others = None,
    as_json: Json = False,
) -> None:
    """Say which HubSpot record a customer is, or who pays for a deal. This answers a question in `ledgerloop holds`.

    What cannot be so is refused, and nothing is kept of it.
    """
    given = [bool(company), bool(contact), new]
    if not (given.count(True) == 1 and customer and not deal) and not (
        deal and [bool(customer), new].count(True) == 1 and not company and not contact
    ):
        raise LedgerloopError(
            "Say which: --customer ID with one of --company ID, --contact ID and --new; or --deal ID with one of"
            " --customer ID and --new."
        )
    if others and not (deal and new):
        raise LedgerloopError("--not goes with --deal ID and --new alone.")
    with opened(config, sandbox, xero_url, hubspot_url) as built, instead(built.parts()):
        home = (
            payer_answers.organisation_of_deal(deal, organisation, customer)
            if deal
            else _home(built, organisation, customer)
        )
        if deal and new:
            said = payer_answers.new_one_pays(home, deal, _BY, others or ())
        elif deal:
            said = payer_answers.it_pays(home, deal, customer, _BY, replace=replace)
        elif new:
            said = answers.it_is_new(home, customer, _BY)
        else:
            said = answers.it_is(
                home, customer, "company" if company else "contact", company or contact, _BY, replace=replace
            )
        _tell(built, said, as_json)


def unlink(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    organisation: OfOrganisation = "",
    customer: WhichCustomer = "",
    company: ItsCompany = False,
    contact: ItsContact = False,
    as_json: Json = False,
) -> None:
    """End the links of a customer to its HubSpot company and contact, or one of them, where they are wrong.

    What was shown there is emptied, and the customer is looked for among the others. To have it found there again, say
    so with `ledgerloop link`: the company that was made for it meanwhile, if any, is emptied then.
    """
    if not customer:
        raise LedgerloopError("Say which: --customer ID, with --company or --contact where only one link is to end.")
    chosen = [half for half, wanted in (("company", company), ("contact", contact)) if wanted]
    with opened(config, sandbox, xero_url, hubspot_url) as built, instead(built.parts()):
        home = _home(built, organisation, customer)
        halves = [half for half in HALVES if half in chosen or not chosen]
        _tell(built, answers.part(home, customer, halves, _BY), as_json)


def links_(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    organisation: OfOrganisation = "",
    customer: Customer = None,
    review: Review = False,
    as_json: Json = False,
) -> None:
    """List which HubSpot records customers are, by what they were found, and since when.

    With --review only those that an earlier release made and today's rule would not, each with what a person is asked.
    """
    with looking(config, sandbox or bool(xero_url or hubspot_url)) as built, built.database.reading() as tx:
        organisations = connections.organisations(tx)
        if organisation:
            organisations = [organisation_of(tx, organisation)]
        some: list[tuple[Organisation, Kept]] = []
        chosen = customers_named(tx, organisations, customer) if customer is not None else None
        for home in organisations:
            some += [(home, one) for one in links.listed(tx, home.id, chosen, asked=review)]
        names = {
            home.id: mirror.customers(tx, home.id, [one.link.xero_id for of, one in some if of == home])
            for home in organisations
        }
    rows = [(home, one, names[home.id].get(one.link.xero_id)) for home, one in some]
    if as_json:
        print_json(
            [
                {
                    "organisation": home.id,
                    "customer": one.link.xero_id,
                    "name": known.name if known else "",
                    "kind": one.link.kind,
                    "hubspot_id": one.link.hubspot_id,
                    "how": one.link.how,
                    "since": one.made_at,
                    "rule": one.rule,
                    "asks": one.asks,
                }
                for home, one, known in rows
            ]
        )
        return
    last = "What is asked" if review else "Found by"
    print_table(
        "Links to look at" if review else "Links",
        ("Customer", "Xero id", "HubSpot record", "Since", last),
        [
            (
                known.name if known else "",
                one.link.xero_id,
                f"{one.link.kind} {one.link.hubspot_id}",
                moment(one.made_at),
                one.asks if review else f"{one.link.how}{' (a person is asked)' if one.asks else ''}",
            )
            for _, one, known in rows
        ],
    )


def _home(built: Ledgerloop, given: str, customer: str) -> Organisation:
    with built.database.reading() as tx:
        return organisation_of_customer(tx, given, customer)


def _tell(built: Ledgerloop, said: Ruled, as_json: bool) -> None:
    """Say what was done and what happens next."""
    runs = built.engine.taken
    next_ = "The service does that now." if runs else "That is done when the service runs next."
    if as_json:
        print_json(
            {
                "organisation": said.organisation,
                "customer": said.customer,
                "said": f"{said.sentence} {next_}",
                "deals": said.deals,
                "service_runs": runs,
            }
        )
        return
    say(f"{said.sentence} {next_}")
