"""Stand in for Xero: identity, connections, the Accounting API and its webhooks."""
