"""Publish the credentials of the sandbox: worthless outside it, the same on every machine."""

XERO_CLIENT_ID = "5A4D2B0C11E94F7C8D3E6F70A1B2C3D4"
XERO_CLIENT_SECRET = "sandbox-xero-client-secret-5c1f0e7a9d42"
XERO_CUSTOM_CLIENT_ID = "C0570A1E5D2B4C3F9E8A7B6C5D4E3F21"
XERO_CUSTOM_CLIENT_SECRET = "sandbox-xero-custom-secret-9b7e1d3c5a20"
"""A custom connection's, beside the web app's."""
XERO_WEBHOOK_KEY = "c2FuZGJveC1rZXktZm9yLXRlc3Rz"

HUBSPOT_TOKEN = "pat-na1-sandbox-legacy-private-app"
HUBSPOT_CLIENT_ID = "b8a1c1de-5f60-4f6e-9c2b-0e6f3a7d9b11"
HUBSPOT_CLIENT_SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
HUBSPOT_APP_ID = 1160452
HUBSPOT_PORTAL_ID = 62515
