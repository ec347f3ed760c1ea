"""The fast path of execution: selections compiled once an operation, and projected from rows to the response."""
