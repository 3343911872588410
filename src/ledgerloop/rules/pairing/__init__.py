"""Which invoice that stands in Xero belongs to which won deal, and on what evidence. Pure."""
