"""Run it: `make torture SEED=1 MINUTES=15 EVENTS=1000000`. Exit code 0 when nothing was lost, doubled or different."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import tempfile
from pathlib import Path

from tests.torture.running import printed, run
from tests.torture.stage import Plan

OUTPUT = Path("test-output")


class Stopped(Exception):
    """Somebody said so."""


def main() -> int:
    """Read the arguments, run, write the report."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--events", type=int, default=None, help="default: 300 for each second")
    parser.add_argument("--fault-every-s", type=float, default=1.7)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--keep", type=Path, default=None, help="folder for the data of the engines, to keep")
    given = parser.parse_args()
    plan = Plan(
        seed=given.seed,
        duration_s=given.minutes * 60,
        events=given.events or int(given.minutes * 60 * 300),
        fault_every_s=given.fault_every_s,
        output=given.output.resolve(),
    )
    # The clients say each lost connection many times over.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    plan.output.mkdir(parents=True, exist_ok=True)
    try:
        if given.keep is not None:
            given.keep.mkdir(parents=True, exist_ok=True)
            report = asyncio.run(_until_told(plan, given.keep.resolve()))
        else:
            with tempfile.TemporaryDirectory(prefix="torture-") as data:
                report = asyncio.run(_until_told(plan, Path(data)))
    except Stopped:
        import traceback

        traceback.print_exc()
        print("stopped; nothing is left running")
        return 130
    path = plan.output / f"torture-{plan.seed}.json"
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(printed(report))
    print(f"{'PASSED' if report['passed'] else 'FAILED'}: {path}")
    return 0 if report["passed"] else 1


async def _until_told(plan: Plan, data: Path) -> dict[str, object]:
    """Run; Ctrl-C and SIGTERM end it in order.

    Raises:
        Stopped: it was told to stop.
    """
    task = asyncio.ensure_future(run(plan, data))
    told = asyncio.Event()

    def tell() -> None:
        told.set()
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, tell)
    await asyncio.wait((task,))
    if told.is_set():
        raise Stopped
    return task.result()


if __name__ == "__main__":
    sys.exit(main())
