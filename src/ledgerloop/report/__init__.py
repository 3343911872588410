"""What people are told of how the service does: the console, the commands and the health check all ask here."""
