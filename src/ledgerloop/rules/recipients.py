"""Choose which of a deal's contacts receives the invoice of a new customer, or word the doubt. Does no I/O.

Each sign leaves those who carry it, in the order of ``recipient_of``; one that none or all of them carry says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledgerloop.hubspot.models import Record


@dataclass(frozen=True, slots=True)
class Tie:
    """How one of a deal's contacts stands to the deal, and to the deal's company."""

    contact: str
    labels: tuple[str, ...] = ()
    """What people call the contact at the deal, or at its company."""
    billing: bool = False
    """Whether HubSpot has it as a billing contact of the company."""
    primary: bool = False
    """Whether the company is the contact's primary one."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who receives the invoice; of several the one whose record is the oldest, so that it stays the same."""

    contact: str = ""
    left: tuple[str, ...] = ()
    """The contacts whom no sign told apart, the recipient first; one where a sign or nobody else made it certain."""


def recipient_of(ties: Sequence[Tie], label: str = "") -> Recipient:
    """Choose by HubSpot's billing contact, the settings' ``label``, the company's own people, the only contact."""
    left = list({tie.contact: tie for tie in ties}.values())
    for sign in (_billing, _labelled(label), _primary):
        left = [tie for tie in left if sign(tie)] or left
    found = tuple(sorted((tie.contact for tie in left), key=lambda each: (len(each), each)))
    return Recipient(found[0], found) if found else Recipient()


def _billing(tie: Tie) -> bool:
    return tie.billing


def _labelled(label: str) -> Callable[[Tie], bool]:
    wanted = _plain(label)
    return lambda tie: bool(wanted) and wanted in map(_plain, tie.labels)


def _primary(tie: Tie) -> bool:
    return tie.primary


def _plain(label: str) -> str:
    """Return a label as it is compared: people write it into the settings by hand."""
    return " ".join(label.split()).casefold()


def undecided(left: Sequence[Record], company: Record | None) -> str:
    """Word that an invoice would leave by email, and nothing says for whom of several."""
    cure = "Leave only the right one on the deal, and try the deal again."
    if company is not None:
        cure = (
            "Make the right one a billing contact of the deal's company, or leave only that one on the deal, and try"
            " the deal again."
        )
    return f"The deal has several contacts, and nothing says who receives the invoice: {_listed(left)}. {cure}"


def taken(left: Sequence[Record]) -> str:
    """Word which of several contacts a new customer was made with, though nothing says that this one is right."""
    return (
        f"The deal has several contacts, and nothing says who receives the invoice: the new customer was made with"
        f" {called(left[0])}, and not with {_listed(left[1:])}. If that is wrong, correct the customer in Xero."
    )


def still_taken(told: str, email: str, status: str) -> bool:
    """Tell whether what was ``told`` by :func:`taken` still holds: the customer has that contact's email as before.

    ``email`` is the customer's now, ``status`` the invoice's: once that is paid it has found who receives it.
    """
    made_with = told.split(", and not with ")[0].casefold()
    return status != "PAID" and (not email or email.casefold() in made_with.replace("(", " ").replace(")", " ").split())


def called(contact: Record) -> str:
    """Return what people know a contact by: its name and email."""
    given = {name: (value or "").strip() for name, value in contact.properties.items()}
    name = " ".join(part for part in (given.get("firstname", ""), given.get("lastname", "")) if part)
    email = given.get("email", "")
    return f"{name} ({email})" if name and email else name or email or f"contact {contact.id}"


def _listed(contacts: Sequence[Record]) -> str:
    return "; ".join(called(one) for one in contacts)
