"""From a won deal to its one invoice, and back onto the deal."""
