"""Public peers, side by side: not joined yet; a run says so."""

from __future__ import annotations

from bench.harness import Bench


def measure(bench: Bench) -> None:
    """Note that the peers were not measured."""
    bench.skip("the public peers: their scripts are run by hand")
