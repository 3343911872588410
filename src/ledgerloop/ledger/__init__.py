"""Xero's ledger and our copy of it: pulled, compared with Xero's own balances; and the books' reference data."""
