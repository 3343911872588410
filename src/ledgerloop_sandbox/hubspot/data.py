"""What a portal holds at the start: the demo account, an empty one, or a large one. Nothing of it is told."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ledgerloop_sandbox.hubspot import calculated
from ledgerloop_sandbox.hubspot.edges import default_type
from ledgerloop_sandbox.hubspot.joining import join
from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT, DEAL, LINE_ITEM, PRODUCT, Kind
from ledgerloop_sandbox.hubspot.people import Owner, TaxRate
from ledgerloop_sandbox.hubspot.pipeline_calls import add_stage
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.hubspot.stages import Pipeline
from ledgerloop_sandbox.hubspot.tokens import LOADER

SECOND_PIPELINE = "94137001"
SECOND_WON = "94137005"

_STAGES = {
    ("default", "Sales Pipeline"): (
        ("appointmentscheduled", "Appointment scheduled", "0.2"),
        ("qualifiedtobuy", "Qualified to buy", "0.4"),
        ("presentationscheduled", "Presentation scheduled", "0.6"),
        ("contractsent", "Contract sent", "0.9"),
        ("closedwon", "Closed won", "1.0"),
        ("closedlost", "Closed lost", "0.0"),
    ),
    (SECOND_PIPELINE, "Renewals"): (
        ("94137002", "Up for renewal", "0.3"),
        ("94137003", "Talking", "0.5"),
        # A label that lies, as in HubSpot's own example: this stage is neither closed nor lost.
        ("94137004", "Closed lost", "0.8"),
        (SECOND_WON, "Renewed", "1.0"),
        ("94137006", "Gone", "0.0"),
    ),
}

# The first two are customers of the Xero half's demo organisation too, by the same addresses.
_COMPANIES = (
    ("Tui Roofing Ltd", "tui-roofing.example.com", "14 Ridge Road", "Nelson", "7010", "New Zealand"),
    ("Kauri Cafe", "kauri-cafe.example.com", "2 Trafalgar Street", "Nelson", "7010", "New Zealand"),
    ("Harbour Dental", "harbourdental.example.com", "8 Quay Street", "Auckland", "1010", "New Zealand"),
    ("Southern Cross Freight", "scfreight.example.com", "301 Bourke Street", "Melbourne", "3000", "Australia"),
)
_CONTACTS = (
    ("Aroha", "Ngata", "accounts@tui-roofing.example.com", 0),
    ("Mia", "Brown", "mia@kauri-cafe.example.com", 1),
    ("Claire", "O'Hagan", "claire@harbourdental.example.com", 2),
    ("Ben", "Whitfield", "ben@harbourdental.example.com", 2),
    ("Ella", "Marsh", "ella.marsh@scfreight.example.com", 3),
)


class _Line(NamedTuple):
    name: str
    quantity: str
    price: str
    tax_rate: str = "1"
    discount: str = ""


class _Deal(NamedTuple):
    name: str
    pipeline: str
    stage: str
    currency: str
    company: int
    contact: int
    lines: tuple[_Line, ...]


_DEALS = (
    _Deal(
        "Espresso bar fit-out",
        "default",
        "contractsent",
        "NZD",
        1,
        1,
        (
            _Line("Two-group espresso machine", "1", "8450.00"),
            _Line("Grinder", "2", "1290.00", discount="90.00"),
            _Line("Installation", "6.5", "120.00"),
        ),
    ),
    _Deal("Reroofing", "default", "qualifiedtobuy", "NZD", 0, 0, (_Line("Iron sheets, m2", "86", "64.50"),)),
    _Deal("Practice software", "default", "presentationscheduled", "NZD", 2, 2, (_Line("Licence", "12", "89.00"),)),
    _Deal("Freight portal renewal", SECOND_PIPELINE, "94137003", "AUD", 3, 4, (_Line("Portal", "1", "4800", "2"),)),
    _Deal("Beans subscription", SECOND_PIPELINE, "94137004", "NZD", 1, 1, (_Line("House blend, kg", "40", "31.50"),)),
)


def load(portal: Portal, data: str) -> None:
    """Fill a new portal: `demo`, `empty`, or `large:N` with N/2 contacts."""
    _account(portal)
    if data == "demo":
        _demo(portal)
    elif data.startswith("large:"):
        _large(portal, int(data.partition(":")[2]) // 2)
    elif data != "empty":
        raise ValueError(f"data must be demo, empty or large:N, not {data}")


def _account(portal: Portal) -> None:
    now = portal.now()
    for order, ((id_, label), stages) in enumerate(_STAGES.items()):
        pipeline = Pipeline(id_, label, order, now, now)
        for stage_id, stage_label, probability in stages:
            given = {"stageId": stage_id, "label": stage_label, "metadata": {"probability": probability}}
            add_stage(portal, DEAL, pipeline, given)
        portal.pipelines[DEAL][id_] = pipeline
    portal.owners += [
        Owner("70000001", "moana@sandbox.co.nz", "Moana", "Clarke", 1, now, teams=(("11", "Sales"),)),
        Owner(
            "70000002", "rawiri@sandbox.co.nz", "Rawiri", "Hughes", 2, now, teams=(("11", "Sales"), ("12", "Finance"))
        ),
        Owner("70000003", "gone@sandbox.co.nz", "Pat", "Gone", 3, now, archived=True),
    ]
    portal.tax_rates += [
        TaxRate("1", "GST", "GST on income (15%)", Decimal(15), now),
        TaxRate("2", "GST AU", "GST (10%)", Decimal(10), now),
        TaxRate("3", "Old GST", "GST (12.5%)", Decimal("12.5"), now, active=False),
    ]


def _demo(portal: Portal) -> None:
    companies = [
        _add(
            portal,
            COMPANY,
            name=name,
            domain=domain,
            address=street,
            city=city,
            zip=code,
            country=country,
            lifecyclestage="opportunity",
        )
        for name, domain, street, city, code, country in _COMPANIES
    ]
    contacts = []
    for first, last, email, company in _CONTACTS:
        place = companies[company].properties
        contact = _add(
            portal,
            CONTACT,
            firstname=first,
            lastname=last,
            email=email,
            company=place["name"],
            phone="+64 4 555 0100",
            address=place["address"],
            city=place["city"],
            zip=place["zip"],
            country=place["country"],
            lifecyclestage="opportunity",
        )
        _join(portal, contact, companies[company])
        contacts.append(contact)
    _add(portal, PRODUCT, name="House blend, kg", price="31.50", hs_sku="BEAN-01", description="Roasted weekly")
    for deal in _DEALS:
        _deal(portal, deal, companies, contacts)


def _deal(portal: Portal, given: _Deal, companies: list[Record], contacts: list[Record]) -> None:
    lines = [
        _add(
            portal,
            LINE_ITEM,
            name=line.name,
            quantity=line.quantity,
            price=line.price,
            discount=line.discount,
            hs_tax_rate_group_id=line.tax_rate,
            hs_line_item_currency_code=given.currency,
        )
        for line in given.lines
    ]
    amount = sum((Decimal(line.properties["amount"]) for line in lines), Decimal(0))
    deal = _add(
        portal,
        DEAL,
        dealname=given.name,
        pipeline=given.pipeline,
        dealstage=given.stage,
        deal_currency_code=given.currency,
        amount=f"{amount:f}",
        hubspot_owner_id="70000001",
    )
    for other in (companies[given.company], contacts[given.contact], *lines):
        _join(portal, deal, other)


def _large(portal: Portal, contacts: int) -> None:
    now = portal.now()
    shelf = portal.shelves[CONTACT]
    emails = shelf.unique["email"]
    for number in range(contacts):
        domain = f"customer{number}.example.com"
        email = f"accounts{number}@{domain}"  # as the Xero half has it
        id_ = portal.new_id()
        properties = {
            "email": email,
            "firstname": "Customer",
            "lastname": str(number),
            "hs_email_domain": domain,
        }
        shelf.live[id_] = Record(id_, CONTACT, properties, now, now, LOADER)
        shelf.order.append(int(id_))
        emails[email] = id_


def _add(portal: Portal, kind: Kind, **values: str) -> Record:
    now = portal.now()
    kept = {name: value for name, value in values.items() if value}
    record = Record(portal.new_id(), kind, kept, now, now, LOADER)
    portal.shelves[kind].add(record)
    calculated.refresh(portal, record)
    return record


def _join(portal: Portal, one: Record, other: Record) -> None:
    type_ = default_type(one.kind, other.kind)
    assert type_ is not None
    join(portal, (one.kind, one.id), (other.kind, other.id), [type_.id], LOADER)
