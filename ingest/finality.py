"""What lets the watermark pass a partition that gives nothing: the promise that nothing recorded so early can still come from it."""

from __future__ import annotations

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from graph_service.core.errors import Unavailable
from ingest.decode import Place
from ingest.holdings import Held, Holdings
from ingest.taking import Store

log = structlog.get_logger("ingest")

ANSWER_WITHIN_S = 3.0


class Finality:
    """Asks for the ends of quiet partitions, and notes for those that are read up to there what was known one round before: whatever is
    appended after the question is recorded later than that.
    """

    def __init__(self, writer: Store, holdings: Holdings, *, idle_after_s: float) -> None:
        """Nothing is known yet."""
        self._writer, self._holdings, self._idle_after_s = writer, holdings, idle_after_s
        self._known: int | None = None
        self._noted: dict[Place, tuple[Held, int]] = {}

    async def round(self, consumer: AIOKafkaConsumer, now_s: float, *, under_way: bool) -> None:
        """Once in a while. `under_way`: something was fetched that is not applied. Should Kafka or the store be away, nothing is noted."""
        quiet = {
            place: held
            for place, held in self._holdings.held.items()
            if now_s - held.moved_s >= self._idle_after_s
        }
        if not quiet:
            self._known = None
            return
        known = self._known
        try:
            at_end = await self._at_end(consumer, quiet, under_way=under_way)
            wanted = [
                place
                for place in at_end
                if known is not None and self._noted.get(place) != (quiet[place], known)
            ]
            self._known = await self._writer.note_ends(wanted, known)
        except (Unavailable, KafkaError, OSError, TimeoutError) as error:
            log.debug("ends not noted", cause=repr(error))
            return
        if known is not None:
            self._noted |= {place: (quiet[place], known) for place in wanted}

    async def _at_end(
        self, consumer: AIOKafkaConsumer, quiet: dict[Place, Held], *, under_way: bool
    ) -> list[Place]:
        """Those of which everything that Kafka has is applied; marks that transactions leave in the log count as applied."""
        parts = [TopicPartition(*place) for place in quiet]
        ends = await asyncio.wait_for(consumer.end_offsets(parts), ANSWER_WITHIN_S)
        found = []
        for (place, held), part in zip(quiet.items(), parts, strict=True):
            end = ends[part]
            read = held.offset + 1 >= end
            if not read and not under_way and part in consumer.assignment():
                read = await asyncio.wait_for(consumer.position(part), ANSWER_WITHIN_S) >= end
            if read and self._holdings.held.get(place) is held:
                found.append(place)
        return found
