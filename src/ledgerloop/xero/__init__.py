"""Speak Xero, in Xero's own words, and know nothing of HubSpot."""
