"""Where keys and tokens are kept. Knows no database: it is handed a place for sealed bytes, and a lock."""
