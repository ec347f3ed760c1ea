"""`make bench`: one table of everything that is measured.

    .venv/bin/python -m bench [--only impact,points.key] [--rounds 5] [--lap 1.0] [--small] [--trust] [--full] [--peers FOLDER]

Prints a table as Markdown and writes `test-output/bench.json` and `bench.md`. Graphs are made once and kept under `.data/bench`. `bench/README.md` explains each floor.
"""

from __future__ import annotations

import argparse
import asyncio
import gc

from bench import peers
from bench.harness import ROUNDS, Bench, surroundings, write_down
from bench.lines import diff, graphql, impact, ingest, past, points, start
from bench.lines.world import world
from bench.shape import MESH, SMALL_MESH
from bench.stores import held_against_the_writer

ON_THE_MESH = (
    ("start", start.measure), ("points", points.measure), ("impact", impact.measure), ("graphql", graphql.measure), ("diff", diff.measure),
    ("past.hops", past.measure),
)  # fmt: skip
EVENTS, EVENTS_FULL = 12_000, 60_000


async def run(bench: Bench, given: argparse.Namespace) -> None:
    """All groups that are asked for, one graph after the other."""
    if not given.trust:
        await held_against_the_writer()
    if wanted := [measure for name, measure in ON_THE_MESH if bench.wants(name)]:
        async with world("small" if given.small else "mesh", SMALL_MESH if given.small else MESH) as found:
            # What was made up to choose from is large, and stays.
            _ = found.data.edges
            gc.freeze()
            for measure in wanted:
                await measure(bench, found)
            gc.unfreeze()
    if bench.wants("past.free") or bench.wants("past.hub"):
        async with world("aged", *past.SHAPES) as found:
            await past.measure_history(bench, found)
    if bench.wants("ingest"):
        await ingest.measure(bench, given.events or (EVENTS_FULL if bench.full else EVENTS))
    if bench.full and bench.wants(peers.NAME):
        await peers.measure(bench, peers.folder_of(given.peers))


def main() -> None:
    """Read the arguments, measure, tell."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="beginnings of names of lines, with commas")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--lap", type=float, default=1.0, help="seconds of a lap")
    parser.add_argument("--events", type=int, help="how many events a run of the ingester takes")
    parser.add_argument("--small", action="store_true", help="a fifth of the data: to try a change quickly")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="do not hold the bulk against the real writer after the code has changed",
    )
    parser.add_argument(
        "--full", action="store_true", help="longer runs of the ingester, and the public peers"
    )
    parser.add_argument(
        "--peers",
        help="the folder of the public peers' scripts; by default BENCH_PEERS, or ../shared/bench-peers",
    )
    given = parser.parse_args()
    only = tuple(word.strip() for word in given.only.split(",") if word.strip())
    bench = Bench(only=only, rounds=given.rounds, lap_s=given.lap, full=given.full)
    asyncio.run(run(bench, given))
    print(write_down(bench, surroundings()))


if __name__ == "__main__":
    main()
