"""Answer questions as a person does in a terminal: by the same functions that `ledgerloop link` calls."""

from __future__ import annotations

from served import Served

from ledgerloop.customers import answers
from ledgerloop.invoices import payer_answers
from ledgerloop.parts import instead
from ledgerloop.records import Organisation
from ledgerloop.store import connections

_BY = "command"


class Terminal:
    """Run `ledgerloop link` beside the service."""

    def __init__(self, scene: Served) -> None:
        self._built = scene.built

    def customer_is_new(self, organisation: str, customer: str) -> None:
        """Run `ledgerloop link --customer ID --new`."""
        with instead(self._built.parts()):
            answers.it_is_new(self._home(organisation), customer, _BY)

    def new_one_pays(self, organisation: str, deal: str) -> None:
        """Run `ledgerloop link --deal ID --new`."""
        with instead(self._built.parts()):
            payer_answers.new_one_pays(self._home(organisation), deal, _BY)

    def _home(self, organisation: str) -> Organisation:
        with self._built.database.reading() as tx:
            return next(one for one in connections.organisations(tx) if one.id == organisation)
