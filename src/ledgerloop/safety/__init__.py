"""What keeps a mistake small: dry runs, the plans made of them, and the circuit breaker."""
