"""Tell which addresses and domains several customers share: they do not say whose company a record is. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledgerloop.records import Customer
from ledgerloop.rules.identity.addresses import mailbox
from ledgerloop.rules.identity.evidence import Shared
from ledgerloop.rules.identity.names import bare_key

_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Sharing:
    """Which active customers each key finds."""

    by_key: Mapping[str, Sequence[Customer]]

    @classmethod
    def among(cls, by_key: Mapping[str, Sequence[Customer]]) -> Sharing:
        """Leave out who is archived or merged away: they have no use for an address any more."""
        return cls({key: [one for one in some if one.active and not one.merged_into] for key, some in by_key.items()})

    @property
    def shared(self) -> Shared:
        """What customers of several names share. A customer and its copy bear one name, and share with nobody else."""
        several = [key for key, some in self.by_key.items() if len({bare_key(one.name) for one in some}) >= _SEVERAL]
        return Shared(_values(several, "email "), _values(several, "domain "))

    def with_email(self, customer: Customer) -> list[str]:
        """Return the names of the other customers whose own address is a customer's."""
        some = self.by_key.get(f"email {mailbox(customer.email_key)}", ())
        return [one.name for one in some if one.id != customer.id and one.email_key == customer.email_key]


def _values(keys: Sequence[str], kind: str) -> frozenset[str]:
    return frozenset(key.removeprefix(kind) for key in keys if key.startswith(kind))
