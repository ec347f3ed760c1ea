"""A connected driver."""

from __future__ import annotations

from neo4j import AsyncDriver, AsyncGraphDatabase

from graph_service.store.neo4j_errors import translated


async def connect(uri: str, user: str, password: str, *, retry_s: float = 5.0) -> AsyncDriver:
    """A driver whose server answers and lets us in.

    Raises:
        StoreUnavailable: it does not.
    """
    driver = AsyncGraphDatabase.driver(
        uri,
        auth=(user, password),
        max_transaction_retry_time=retry_s,
        telemetry_disabled=True,
        notifications_min_severity="OFF",
    )
    try:
        with translated():
            await driver.verify_connectivity()
    except BaseException:
        await driver.close()
        raise
    return driver
