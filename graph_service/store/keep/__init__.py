"""Keeping: dead letters, the ledger and its restoring, erasure, digests and comparisons of whole graphs."""
