"""The service itself: ingester and API in one process, or one of them, until the stop."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from graph_service.cli.exposing import LOOPBACK, access_of, exposure_of
from graph_service.cli.places import free_port, kafka_of
from graph_service.settings import Settings

if TYPE_CHECKING:
    from graph_service.api.erasing import Erasing
    from graph_service.api.exposure import Exposure
    from graph_service.api.security.access import Access
    from graph_service.mapping import Mapping
    from graph_service.store.keep.deadletters import DeadLetters
    from graph_service.store.write.writer import Writer
    from ingest.consume import Ingester
    from ingest.ends import LogEnds
    from ingest.options import IngestOptions

#: What the API gets to answer and close its connections at the stop.
API_STOP_S = 7.0

_log = structlog.get_logger("graph_service")


@dataclass(frozen=True, kw_only=True)
class Running:
    """What runs: handed to whoever wants to do something meanwhile."""

    settings: Settings
    stop: asyncio.Event
    #: None without ingester.
    ingester: Ingester | None
    #: Without a slash at its end; None without API.
    address: str | None


Meanwhile = Callable[[Running], Awaitable[None]]


@asynccontextmanager
async def driver_of(settings: Settings) -> AsyncIterator[Any]:
    """A connected driver for the Neo4j of the settings; its type is the store's own business.

    Raises:
        BadSettings: there is none.
        StoreUnavailable: it does not answer.
    """
    from graph_service.store.connect import connect

    settings.need("neo4j_uri", "neo4j_password")
    assert settings.neo4j_uri is not None and settings.neo4j_password is not None
    driver = await connect(
        settings.neo4j_uri, settings.neo4j_user, settings.neo4j_password.get_secret_value()
    )
    try:
        yield driver
    finally:
        await driver.close()


def ingest_options(settings: Settings) -> IngestOptions:
    """The part of the settings that the ingester needs."""
    from ingest.options import IngestOptions

    return IngestOptions(
        kafka=kafka_of(settings),
        topics=settings.topics,
        group_id=settings.group_id,
        group_instance_id=settings.group_instance_id,
        group_session_timeout_ms=int(settings.group_session_timeout_s * 1000),
        batch_events_max=settings.batch_events_max,
        batch_wait_ms=settings.batch_wait_ms,
        record_bytes_max=settings.record_bytes_max,
        dead_letter_topic=settings.dead_letter_topic,
        unmapped_to_dead_letters=settings.unmapped_to_dead_letters,
        slow_kafka_allowed=settings.slow_kafka_allowed,
        changes_kept_s=settings.changes_kept_days * 86_400,
        changes_kept_max=settings.changes_kept_max,
    )


def collect_seldom() -> None:
    """Look for garbage in cycles less often, and never in what is here to stay: a batch, or an answer, is thousands of values that live as long as it
    does, and each look walks through all of them. Measured: a fifth of a writer's time. What a look finds alive is not looked at again until one at
    everything: every fifth is one, for with every fiftieth half a gigabyte of answers that refer to themselves waited for it.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 5)


async def prepared_writer(driver: Any, settings: Settings, mapping: Mapping) -> Writer:
    """A writer on a store that has its constraints and knows the mapping."""
    collect_seldom()
    from graph_service.store.write.writer import Writer

    writer = Writer(
        driver,
        database=settings.neo4j_database,
        transaction_timeout_s=settings.neo4j_transaction_timeout_s,
    )
    await writer.migrate()
    files = [(file.name, file.version, file.text) for file in mapping.files]
    await writer.declare(mapping.vocabulary, mapping.version, files)
    return writer


async def run(settings: Settings, *, ingest: bool, api: bool, meanwhile: Meanwhile | None = None) -> None:
    """Run ingester and API until Ctrl-C or SIGTERM, or until `meanwhile` sets `stop`. If one part fails, all end with its error."""
    access, exposure = (access_of(settings), exposure_of(settings)) if api else (None, None)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with driver_of(settings) as driver:
        parts: list[Coroutine[Any, Any, None]] = []
        ingester: Ingester | None = None
        address: str | None = None
        if ingest:
            from graph_service.mapping import Mapping
            from ingest.consume import Ingester

            mapping = Mapping.load(settings.mapping)
            ingester = Ingester(
                ingest_options(settings), await prepared_writer(driver, settings, mapping), mapping
            )
            parts.append(ingester.run(stop))
        if api:
            port = free_port(settings)
            address = f"http://{'127.0.0.1' if settings.host in ('0.0.0.0', '::') else settings.host}:{port}"
            assert access is not None and exposure is not None
            if settings.insecure and settings.host not in LOOPBACK:
                _log.warning("everybody who reaches this address is let in", host=settings.host)
            parts.append(_serve(driver, settings, port, stop, access, exposure))
        if meanwhile is not None:
            parts.append(
                _do(meanwhile, Running(settings=settings, stop=stop, ingester=ingester, address=address))
            )
        await _all(parts, stop)


async def _do(meanwhile: Meanwhile, running: Running) -> None:
    """Do it, then wait for the stop like every other part; the stop also ends what is not done yet."""
    doing = asyncio.ensure_future(meanwhile(running))
    stopped = asyncio.create_task(running.stop.wait())
    await asyncio.wait((doing, stopped), return_when=asyncio.FIRST_COMPLETED)
    if doing.done():
        doing.result()
        await stopped
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)


async def _serve(
    driver: Any, settings: Settings, port: int, stop: asyncio.Event, access: Access, exposure: Exposure
) -> None:
    from graph_service.api.app import create_app
    from graph_service.api.serve import serve
    from graph_service.store.read.reader import Reader

    ends: LogEnds | None = None
    if settings.kafka_bootstrap and settings.topics:
        from ingest.ends import LogEnds as Ends

        ends = Ends(kafka_of(settings), settings.topics)
    app = create_app(
        Reader(driver, database=settings.neo4j_database, timeout_s=settings.read_timeout_s),
        access=access,
        exposure=exposure,
        log_ends=ends,
        dead_letters=_dead_letters(driver, settings),
        erasing=_erasing(driver, settings),
    )
    collect_seldom()
    serving = asyncio.create_task(serve(app, settings.host, port))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        serving.cancel()
        await asyncio.wait((serving,), timeout=API_STOP_S)
        if ends is not None:
            await ends.close()
    if serving.done() and not serving.cancelled():
        serving.result()


def _dead_letters(driver: Any, settings: Settings) -> DeadLetters | None:
    """What operators operate on; None where nobody is one."""
    if settings.insecure and settings.insecure_role == "reader":
        return None
    from graph_service.mapping import Mapping

    return dead_letters_of(driver, settings, Mapping.load(settings.mapping) if settings.mapping else None)


def dead_letters_of(driver: Any, settings: Settings, mapping: Mapping | None = None) -> DeadLetters:
    """The dead letters of the graph that the settings name."""
    from graph_service.store.keep.deadletters import DeadLetters

    return DeadLetters(
        driver,
        database=settings.neo4j_database,
        transaction_timeout_s=settings.neo4j_transaction_timeout_s,
        mapping=mapping,
        record_bytes_max=settings.record_bytes_max,
    )


def _erasing(driver: Any, settings: Settings) -> Erasing | None:
    """What erasers erase with; None where nobody is one."""
    if settings.insecure and settings.insecure_role != "eraser":
        return None
    from graph_service.api.erasing import Erasing
    from graph_service.store.keep.erasure import Eraser

    return Erasing(Eraser(driver=driver, database=settings.neo4j_database))


async def _all(parts: list[Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    """Run all until the first one ends, then stop the others in order; raises the first error."""
    tasks = [asyncio.create_task(part) for part in parts]
    waiter = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((*tasks, waiter), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.set()
        await asyncio.wait((waiter,))
        meanwhile = asyncio.gather(*tasks, return_exceptions=True)
        results = await meanwhile
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
