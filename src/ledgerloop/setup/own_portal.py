"""See that HubSpot's token belongs to the portal that is connected, before anything is read or written by it.

Links, invoices and what was written last name records by the ids of that portal, and another one has records of the
same ids. HubSpot is asked once for each token, and not again after a restart.
"""

from __future__ import annotations

from collections.abc import Callable

from ledgerloop.errors import ScopeMissing, SettingsError
from ledgerloop.store import connections, single_values
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database


class OwnPortal:
    """Let the connected portal's tokens through."""

    def __init__(
        self, database: Database, digest: Callable[[str], str], portal_of: Callable[[str], str], file: str
    ) -> None:
        """``digest`` hashes a token so that nobody can guess it; ``portal_of`` asks HubSpot whose a token is."""
        self._database, self._digest, self._portal_of, self._file = database, digest, portal_of, file
        self._seen = self._right = ""

    def insist(self, token: str) -> str:
        """Return a token; SettingsError where it is another portal's. Before any is connected all are let through."""
        self._seen = token
        if token == self._right:
            return token
        with self._database.reading() as tx:
            connected = next((one for one in connections.all_connected(tx, "hubspot") if not one.ended), None)
            known = single_values.get(tx, single_values.PORTAL_TOKEN)
        if connected is None:
            return token
        if known != self._mark(connected.id, token):
            try:
                portal = self._portal_of(token)
            except ScopeMissing:
                portal = ""  # it may not say whose it is; connecting names the scope
            if portal not in ("", connected.id):
                raise another_portal(portal, connected, self._file)
            if portal:
                self._keep(portal, token)
        self._right = token
        return token

    def vouch(self, portal: str) -> None:
        """Take it from whoever has just asked HubSpot by the token that was used last."""
        self._keep(portal, self._seen)

    def _keep(self, portal: str, token: str) -> None:
        mark = self._mark(portal, token)
        with self._database.transaction() as tx:
            single_values.put(tx, single_values.PORTAL_TOKEN, mark)

    def _mark(self, portal: str, token: str) -> str:
        return f"{portal} {self._digest(token)}"


def another_portal(portal: str, connected: Connected, file: str = "ledgerloop.toml") -> SettingsError:
    """Say that a token is another portal's than the one whose records all links name."""
    key, there = connected.id, "is connected here"
    if connected.ended:
        there = "was connected here: who is who, and which deal has which invoice, is kept by its ids"
    return SettingsError(
        "hubspot.token",
        file,
        f"this token belongs to HubSpot account {portal}, and {key} {there}. Save the token of {key} under that name,"
        f" or begin with a database of its own for {portal}.",
    )
