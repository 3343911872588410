"""Choose among the records that a record is associated with. Does no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from ledgerloop.hubspot.models import Association


def primary(found: Sequence[Association]) -> str | None:
    """Choose the primary company, else the record with the lowest id, so that the choice is stable."""
    marked = [one.to_id for one in found if one.primary_company] or [one.to_id for one in found]
    return min(marked, key=lambda each: (len(each), each), default=None)
