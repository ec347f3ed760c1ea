"""Dead letters for operators: list, show, discard, replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from neo4j import AsyncDriver

from graph_service.core.errors import BadRequest, BadSettings
from graph_service.core.time import EARLIEST, LATEST, now
from graph_service.mapping import RECORD_BYTES_MAX
from graph_service.store.keep.letters import LetterFilter, LetterRecord, LetterRow
from graph_service.store.keep.replay import Replayed, Replaying
from graph_service.store.neo4j_errors import translated
from graph_service.store.queries import query
from graph_service.store.read.answers import Page
from graph_service.store.read.asking import place_of
from graph_service.store.read.reads import Reads
from graph_service.store.write.records import Rules
from graph_service.store.write.writer import Writer

if TYPE_CHECKING:
    from graph_service.mapping import Mapping

IDS_MAX = 1000
"""In one request."""
NOTE_CHARS_MAX = 2000
RECORDS_BYTES_MAX = 32 * 1024 * 1024
"""Of values that are read at once; one value alone may be larger."""


class DeadLetters:
    """The dead letters of one graph. Cheap to make; safe to share between tasks.

    Every method raises StoreUnavailable when Neo4j does not answer.
    """

    def __init__(
        self,
        driver: AsyncDriver,
        *,
        database: str = "neo4j",
        timeout_s: float = 10.0,
        transaction_timeout_s: float = 30.0,
        mapping: Mapping | None = None,
        record_bytes_max: int = RECORD_BYTES_MAX,
    ) -> None:
        """`timeout_s` limits each read, `transaction_timeout_s` each write. `mapping` is what replays read records with; None: the
        mapping that the graph keeps, which is that of the ingester that started last. The driver stays the caller's to close.
        """
        self._driver, self._database = driver, database
        self._reads = Reads(driver, database=database, timeout_s=timeout_s)
        self._writer = Writer(driver, database=database, transaction_timeout_s=transaction_timeout_s)
        self._mapping, self._record_bytes_max = mapping, record_bytes_max

    async def listed(
        self,
        wanted: LetterFilter,
        *,
        first: int = 50,
        after: str | None = None,
        oldest_first: bool = False,
    ) -> Page[LetterRow]:
        """Up to `first` dead letters in the order of the log, newest first unless `oldest_first`. `after` is a `letter_cursor`.

        Raises:
            BadRequest: `after` is not a cursor of this list.
        """
        name, start = ("oldest", EARLIEST) if oldest_first else ("newest", LATEST)
        place = place_of(after, (int, str, int, int))
        records = await self._reads.run(
            query(f"read/letters_{name}"),
            reason=wanted.reason, topic=wanted.topic, event_type=wanted.event_type,
            state=None if wanted.state is None else wanted.state.value,
            **{"from": start if place is None else place[0]},
            after=None if place is None else list(place), size=first + 1,
        )  # fmt: skip
        rows = [LetterRow.of(record["letter"]) for record in records]
        return Page(items=tuple(rows[:first]), more=len(rows) > first)

    async def by_id(self, ids: Sequence[str]) -> dict[str, LetterRow]:
        """The dead letters of these ids that are there."""
        records = await self._reads.run(query("read/letters"), ids=list(ids))
        return {record["letter"]["id"]: LetterRow.of(record["letter"]) for record in records}

    async def records(self, rows: Sequence[LetterRow]) -> dict[str, LetterRecord]:
        """What is kept of the records of these letters, by id.

        Raises:
            BadRequest: together they are too large to read at once.
        """
        size = sum(row.value_bytes or 0 for row in rows if row.complete)
        if len(rows) > 1 and size > RECORDS_BYTES_MAX:
            raise BadRequest(
                f"the records of these {len(rows)} dead letters have {size} bytes; ask for fewer at a time"
            )
        found = await self._reads.run(query("read/letter_records"), ids=[row.id for row in rows])
        return {record["id"]: LetterRecord.of(record) for record in found}

    async def discard(self, ids: Sequence[str], *, note: str, by: str) -> tuple[str, ...]:
        """Decide that these are not to be replayed; they are kept, with `note` saying why, and counted apart.

        Returns the ids that waited until now; others were settled before and stay as they are.

        Raises:
            BadRequest: there is no letter of one of the ids, too many of them, or no note.
        """
        if not note.strip() or len(note) > NOTE_CHARS_MAX:
            raise BadRequest(
                f"a note of 1 to {NOTE_CHARS_MAX} characters must say why; others will read it later"
            )
        await self._there(ids)
        records = await self._run("write/letters_discarded", ids=list(ids), by=by, note=note, at=now())
        done = {record["id"] for record in records}
        return tuple(id for id in dict.fromkeys(ids) if id in done)

    async def replay(
        self,
        wanted: Sequence[str] | LetterFilter,
        *,
        by: str,
        most: int | None = None,
        after: str | None = None,
        on_batch: Callable[[Replayed], None] = lambda so_far: None,
    ) -> Replayed:
        """Try dead letters again under the current mapping, in the order of the log: what they say takes its true place in time.

        `wanted`: ids (also of discarded ones), or a filter, which only reaches those that wait. With a filter at most `most`
        letters are tried, those behind the cursor `after`; `Replayed.cursor` says where to go on. Each transaction holds up to
        200 letters; `on_batch` hears after each. Interrupted by an error, what was done stays done: ask again.

        Raises:
            BadRequest: there is no letter of one of the ids, or too many of them.
            BadSettings: there is no mapping.
            BadMapping: the mapping that the graph keeps is not valid any more.
        """
        mapping = await self._declared()
        rules = Rules(mapping=mapping, record_bytes_max=self._record_bytes_max, unmapped_to_dead_letters=True)
        replaying = Replaying(self, self._writer, rules, by, on_batch)
        if isinstance(wanted, LetterFilter):
            return await replaying.all_of(wanted, most, after)
        return await replaying.these(await self._there(wanted))

    async def mapping(self) -> Mapping:
        """What replays read records with.

        Raises:
            BadSettings: there is none.
            BadMapping: the one that the graph keeps is not valid any more.
        """
        if self._mapping is not None:
            return self._mapping
        files = await self._reads.run(query("read/mapping_kept"))
        if not files:
            raise BadSettings("the graph keeps no mapping; name the mapping files with which to replay")
        from graph_service.mapping import Mapping

        return Mapping.parse([(file["name"], file["text"]) for file in files])

    async def _declared(self) -> Mapping:
        """The mapping, all of whose words the graph knows."""
        mapping = await self.mapping()
        if mapping.version != (await self._reads.graph()).get("mapping"):
            files = [(file.name, file.version, file.text) for file in mapping.files]
            await self._writer.extend(mapping.vocabulary, files)
        return mapping

    async def _there(self, ids: Sequence[str]) -> list[LetterRow]:
        if not 1 <= len(ids) <= IDS_MAX:
            raise BadRequest(f"{len(ids)} ids were given; give from 1 to {IDS_MAX}")
        rows = await self.by_id(ids)
        missing = [id for id in ids if id not in rows]
        if missing:
            raise BadRequest(
                f"there is no dead letter {missing[0]!r:.200}; ids are like topic/partition/offset, as in the list"
            )
        return list(rows.values())

    async def _run(self, name: str, **values: Any) -> list[Any]:
        with translated():
            result = await self._driver.execute_query(query(name), values, database_=self._database)
            return list(result.records)
