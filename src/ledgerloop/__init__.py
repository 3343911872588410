"""Ledgerloop keeps a HubSpot portal and a Xero organisation telling the same story."""
