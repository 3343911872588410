"""The operator's commands, one module for each group. Decides nothing: it asks the other layers and prints."""
