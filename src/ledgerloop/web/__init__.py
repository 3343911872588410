"""The edge that people and vendors touch. Decides nothing: it verifies, keeps, shows, and asks the flows."""
