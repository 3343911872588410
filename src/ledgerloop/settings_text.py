"""Name ``ledgerloop.settings.text`` as it was called before; goes when nothing imports it from here."""

from ledgerloop.settings.text import markdown_text, toml_text

__all__ = ["markdown_text", "toml_text"]
