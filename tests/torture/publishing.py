"""Publishing through outages: every record is sent until Kafka has acknowledged it, perhaps more than once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.torture.events import Publication

IN_FLIGHT_MAX = 2000
STOP_WITHIN_S = 5.0
AGAIN_AFTER_S = 0.3


class Publisher:
    """Sends publications at a steady rate, and catches up after an outage. `acknowledged` holds the numbers that Kafka has for sure."""

    def __init__(
        self, bootstrap: Callable[[], str], topics: Sequence[str], *, stamped: Sequence[bool]
    ) -> None:
        """`bootstrap` is asked anew for each connection; `stamped`: which topics take the timestamps that they are given."""
        self._bootstrap, self._topics, self._stamped = bootstrap, topics, stamped
        self.acknowledged: set[int] = set()
        #: How often the producer had to be made anew.
        self.failures = 0

    async def publish(self, publications: Iterable[Publication], *, per_s: float) -> None:
        """Publish all; returns when all are acknowledged."""
        source = iter(publications)
        started_s, taken, ended = time.monotonic(), 0, False
        again: deque[Publication] = deque()
        while not ended or again:
            waiting: deque[tuple[Publication, asyncio.Future[object]]] = deque()
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap(), enable_idempotence=True, acks="all", linger_ms=5
            )
            try:
                await producer.start()
                while not ended or again or waiting:
                    due = per_s * (time.monotonic() - started_s)
                    while len(waiting) < IN_FLIGHT_MAX and (again or (not ended and taken < due)):
                        if again:
                            one = again[0]
                        else:
                            found = next(source, None)
                            if found is None:
                                ended = True
                                break
                            one, taken = found, taken + 1
                            again.append(one)
                        future = await self._send(producer, one)
                        again.popleft()
                        waiting.append((one, future))
                    while waiting and (waiting[0][1].done() or len(waiting) >= IN_FLIGHT_MAX or ended):
                        await asyncio.wait((waiting[0][1],))
                        waiting[0][1].result()
                        self.acknowledged.add(waiting.popleft()[0].number)
                    await asyncio.sleep(0.01)
            except (KafkaError, OSError):
                self.failures += 1
                again.extendleft(one for one, _ in reversed(waiting))
                for _, future in waiting:
                    future.cancel()
                await asyncio.sleep(AGAIN_AFTER_S)
            finally:
                with suppress(KafkaError, OSError, TimeoutError):
                    await asyncio.wait_for(producer.stop(), STOP_WITHIN_S)

    async def _send(self, producer: AIOKafkaProducer, one: Publication) -> asyncio.Future[object]:
        found: asyncio.Future[object] = await producer.send(
            self._topics[one.place.topic],
            value=one.value,
            key=one.key,
            partition=one.place.partition,
            timestamp_ms=one.timestamp_ms if self._stamped[one.place.topic] else None,
            headers=[("number", str(one.number).encode())],
        )
        return found
