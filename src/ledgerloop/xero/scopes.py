"""Which scopes Xero must have granted before anything can be connected. Does no I/O."""

from __future__ import annotations

from collections.abc import Collection

TO_READ_BOOKS = ("accounting.settings.read", "accounting.settings")
"""One of them, or Xero tells nothing of an organisation, its accounts and its tax rates.

See https://developer.xero.com/documentation/guides/oauth2/scopes.
"""


def reads_books(granted: Collection[str]) -> bool:
    """Tell whether a list of scopes is enough for that."""
    return any(one in granted for one in TO_READ_BOOKS)
