"""What is right: pure decisions. The only place that knows both vendors' words. Does no I/O."""
