"""How far the graph stands: from the positions of partitions to the watermark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from graph_service.store.read.answers import PartitionAt, Standing
from graph_service.store.read.gathered import Gathered
from graph_service.store.read.reads import Reads


class Standings:
    """Reads the standing. Those who ask at the same time share one look, which is never begun before any of them asked."""

    def __init__(self, reads: Reads) -> None:
        """Nothing is read yet."""
        self._reads = reads
        self._gathered: Gathered[None, Standing] = Gathered(self._read, at_once_max=1)

    async def now(self) -> Standing:
        """What answers rest on from now on."""
        return await self._gathered.answer(None, None)

    async def _read(self, _: object, asked: list[None]) -> list[Standing]:
        return [standing_of(await self._reads.one("read/basis"))] * len(asked)


def standing_of(found: Mapping[str, Any]) -> Standing:
    """From what `read/basis` returns."""
    graph: dict[str, Any] = found["graph"] or {}
    return Standing(
        recorded_at=graph.get("recorded_at"),
        watermark=watermark_of(found["positions"]),
        dead_letters=found["dead_letters"],
        replayed=graph.get("replayed") or 0,
        past=past_of(graph, found["positions"], found["erasures"]),
        unsettled=found["erasing"] > 0 or graph.get("importing") is not None,
    )


def partition_at(plain: dict[str, object]) -> PartitionAt:
    """How far a partition is applied, from `read/positions`."""
    position, recorded_at, epoch = plain["offset"], plain["recorded_at"], plain["epoch"]
    return PartitionAt(
        topic=str(plain["topic"]),
        partition=_number(plain["partition"]) or 0,
        position=_number(position) if position != -1 else None,
        recorded_at=_number(recorded_at),
        epoch=_number(epoch) or 0,
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def past_of(graph: dict[str, Any], positions: Sequence[dict[str, object]], erasures: int) -> str:
    """See `Standing.past`. A partition that is new may bring what was recorded long ago."""
    places = [(one["topic"], one["partition"], one["incarnation"]) for one in positions]
    said = (graph.get("feed"), graph.get("vocabulary"), graph.get("replayed") or 0, erasures, places)
    return blake2b(repr(said).encode(), digest_size=16).hexdigest()


def watermark_of(positions: Sequence[dict[str, object]]) -> int | None:
    """The known time up to which answers are final; None where nothing is.

    It is the least of what is final in each partition: all before its last record (the next one may have been recorded at the same
    instant), and what it was read to the end for.
    """
    final = [_final(one) for one in positions if not one["gone"]]
    reached = [at for at in final if at is not None]
    return min(reached) if reached and len(reached) == len(final) else None


def _final(position: dict[str, object]) -> int | None:
    recorded_at, read_to = _number(position["recorded_at"]), _number(position["read_to"])
    known = [at for at in (None if recorded_at is None else recorded_at - 1, read_to) if at is not None]
    return max(known, default=None)
