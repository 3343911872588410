"""Customers and the HubSpot contacts and companies that they are: found, linked, made, shown. Knows no invoice."""
