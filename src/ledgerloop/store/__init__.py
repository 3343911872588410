"""What we remember: SQLAlchemy Core on SQLite or PostgreSQL. Calls no vendor and decides nothing.

Every function takes an open connection first, so that a flow composes several of them into one transaction.
"""
