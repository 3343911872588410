"""What happens, durably and in which order: the flows. Read these first.

``standing`` carries Xero's ledger to HubSpot; ``invoicing`` turns won deals into invoices; ``schedule`` wakes both. The
work of their steps is done in ``ledger``, ``customers``, ``invoices`` and ``portal``, watched by ``safety``.
"""
