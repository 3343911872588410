"""Say which settings and secrets are still missing: what each is for, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.errors import Locked, SettingsError, StoreAway
from ledgerloop.settings import check_complete
from ledgerloop.store import connections


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a person has not given yet."""

    key: str
    effect: str
    """What does not work without it."""
    sentence: str
    needed: bool = True
    """Whether the service cannot do its work without it."""


def lacks(built: Ledgerloop) -> list[Lack]:
    """List what is missing, in the order in which people set the service up."""
    settings = built.settings
    found: list[Lack] = []
    with built.database.reading() as tx:  # one that is disconnected wants no token before it is connected again
        off = bool(connections.ended(tx, "hubspot"))
    try:
        check_complete(settings)
    except SettingsError as problem:
        found.append(Lack(problem.key, "No Xero organisation can be connected.", problem.sentence))
    for key, reference, effect, needed in (
        ("xero.client_secret", settings.xero.client_secret, "No Xero organisation can be connected.", True),
        ("xero.webhook_key", settings.xero.webhook_key, "Xero's webhooks are refused; changes are found late.", True),
        ("hubspot.token", settings.hubspot.token, "HubSpot cannot be read or written.", True),
        (
            "hubspot.client_secret",
            settings.hubspot.client_secret,
            "HubSpot's webhooks are refused; won deals are found by looking for them. With a service key, which has no"
            " webhooks, that is as it should be.",
            False,
        ),
    ):
        try:
            built.lookup.read(reference, key)
        except (SettingsError, StoreAway) as problem:
            if key == "hubspot.token" and off and not isinstance(problem, Locked | StoreAway):
                continue
            found.append(Lack(key, effect, problem.sentence, needed))
    return found
