"""Measure what Ledgerloop costs, beside the guide's recipe and the bound, all on the same sandbox in one run."""
