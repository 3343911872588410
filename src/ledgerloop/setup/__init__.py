"""What a person starts before anything can flow: connecting organisations and the portal."""
