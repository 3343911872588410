"""Stand in for both vendors' APIs, as strict and as inconvenient as the real ones. Imports nothing from ledgerloop."""
