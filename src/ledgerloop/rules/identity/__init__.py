"""Who is who: tell whether a HubSpot record and a Xero contact are the same firm or person. Does no I/O.

``names``, ``addresses`` and ``numbers`` compare one thing each; ``profiles`` puts what is known of a record side by
side; ``evidence`` weighs two profiles; ``choice`` chooses among candidates. docs/matching.md says the same in words.
"""
