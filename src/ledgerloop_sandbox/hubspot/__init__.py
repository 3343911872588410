"""The HubSpot half of the sandbox: one portal with its records, rules, limits and webhooks."""
