"""Every setting, typed and documented: ``model`` says what there is, ``reading`` reads it, ``text`` writes it down."""

from ledgerloop.settings.model import Settings, logins, references
from ledgerloop.settings.reading import check_complete, load, on_sandbox, sandbox
from ledgerloop.settings.types import Section

__all__ = ["Section", "Settings", "check_complete", "load", "logins", "on_sandbox", "references", "sandbox"]
