"""What happens, durably: the flows. Read these first.

``receive`` keeps what a vendor tells us; ``standing`` carries Xero's ledger to HubSpot; ``invoicing`` turns won deals
into invoices; ``catchup`` wakes both on a schedule; ``connecting`` and ``provisioning`` are what a person starts.
"""
