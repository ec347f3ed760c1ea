"""What the driver raises, in this service's words: the one place that knows the driver's errors and Neo4j's codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from neo4j.exceptions import AuthError, DriverError, Neo4jError

from graph_service.core.errors import (
    GraphServiceError,
    Refused,
    StoreGaveUp,
    StoreOutOfMemory,
    StoreTimeout,
    StoreUnavailable,
)

#: Neo4j's own words for "this took longer than you allowed".
TIMED_OUT = frozenset(
    {
        "Neo.ClientError.Transaction.TransactionTimedOut",
        "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
    }
)
#: Last parts of the codes that say "this took more memory than there is", whatever class Neo4j files them under.
OUT_OF_MEMORY = frozenset(
    {
        "MemoryPoolOutOfMemoryError",
        "OutOfMemoryError",
        "StackOverFlowError",
        "TransactionMemoryLimit",
        "TransactionOutOfMemoryError",
    }
)
#: Neo4j failed within this very transaction. That may be about its content as well as about the server.
GAVE_UP = ("Neo.DatabaseError.Statement.", "Neo.DatabaseError.Transaction.TransactionCommitFailed")
#: The data itself cannot be stored. A query that does not fit its values is not among these: that is a mistake of ours (or two
#: versions of this service mixed), and would bury every event.
REFUSED = frozenset(
    {
        "Neo.ClientError.Schema.ConstraintValidationFailed",
        "Neo.ClientError.Statement.ArithmeticError",
        "Neo.ClientError.Statement.ConstraintVerificationFailed",
    }
)
#: Beginnings of codes that speak of the moment or the set-up, not of the query.
UNAVAILABLE = ("Neo.TransientError.", "Neo.DatabaseError.", "Neo.ClientError.Security.", "Neo.ClientError.Database.",
               "Neo.ClientError.Cluster.", "Neo.ClientError.General.", "Neo.ClientError.Transaction.")  # fmt: skip

#: Two processes that make the same constraint or index at the same time: `IF NOT EXISTS` does not help the second one.
ALREADY_THERE = frozenset(
    {
        "Neo.ClientError.Schema.ConstraintAlreadyExists",
        "Neo.ClientError.Schema.ConstraintWithNameAlreadyExists",
        "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
        "Neo.ClientError.Schema.IndexAlreadyExists",
        "Neo.ClientError.Schema.IndexWithNameAlreadyExists",
    }
)


@contextmanager
def unless_there() -> Iterator[None]:
    """Around a statement that makes a constraint or an index, within `translated`: that another process was first is no error."""
    try:
        yield
    except Neo4jError as error:
        if error.code not in ALREADY_THERE:
            raise


@contextmanager
def translated() -> Iterator[None]:
    """Around driver calls: whatever the driver raises leaves as an error of `core.errors`, with the original as cause.

    Raises:
        StoreTimeout: the server ended the transaction because its time was up.
        StoreOutOfMemory: … because it took more memory than there is.
        StoreGaveUp: … because it failed inside.
        StoreUnavailable: no connection, no access, a failing or overloaded server.
        Refused: the server refused the data.
        GraphServiceError: anything else, which is a mistake in this service.
    """
    try:
        yield
    except Neo4jError as error:
        raise _of_server(error) from error
    except DriverError as error:
        raise StoreUnavailable(
            f"Neo4j does not answer ({type(error).__name__}: {error}); check that it runs and that its address is right"
        ) from error


def _of_server(error: Neo4jError) -> GraphServiceError:
    code, message = error.code or "", error.message or str(error)
    if code in TIMED_OUT:
        return StoreTimeout("Neo4j ended the query at its time limit; ask for less, or allow more time")
    if code.rpartition(".")[2] in OUT_OF_MEMORY:
        return StoreOutOfMemory(
            f"Neo4j ended the query for want of memory ({code}): {message}; ask for less, or give it more"
        )
    if isinstance(error, AuthError):
        return StoreUnavailable(
            f"Neo4j lets nobody in with these credentials ({code}); check user and password"
        )
    if code in REFUSED or "too large to index" in message:
        return Refused(f"Neo4j refused the data ({code}): {message}")
    if code.startswith(GAVE_UP):
        return StoreGaveUp(f"Neo4j failed inside ({code}): {message}; try again, or read Neo4j's log")
    if code.startswith(UNAVAILABLE) or error.is_retryable():
        return StoreUnavailable(
            f"Neo4j cannot do this now ({code}): {message}; try again, or read Neo4j's log"
        )
    return GraphServiceError(
        f"Neo4j did not accept a query of this service ({code}): {message}; please report this"
    )
