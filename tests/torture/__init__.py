"""Torture: real processes, a seeded schedule of faults, and at the end a graph that equals one of a calm run."""
