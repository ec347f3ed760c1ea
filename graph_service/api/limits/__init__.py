"""What a request may cost: counted before anything is executed."""
