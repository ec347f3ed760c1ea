"""The pure heart: words, times, assertions and the fold. Standard library only, no I/O."""
