"""The HubSpot account as a whole: its properties, lists and facts; searched and written in batches."""
