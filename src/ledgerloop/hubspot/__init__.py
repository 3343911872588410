"""Speak HubSpot, in HubSpot's own words, and know nothing of Xero."""
