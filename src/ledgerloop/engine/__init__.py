"""Durable machinery: what is received is kept, lanes have their turns, and turns outlive crashes. Knows no flow."""
