"""Every error this service raises on purpose, in one tree.

    GraphServiceError                    code, message (cause and next step), exit_code
    ├── BadInput                         somebody sent something that cannot be: never retried
    │   ├── BadTime                      not an instant with an offset
    │   ├── BadRecord                    a Kafka record that is not a usable CloudEvent  (has `reason`)
    │   ├── BadMapping                   a mapping file that does not say what it should (file, line, field)
    │   ├── BadRequest                   a question that cannot be answered as asked
    │   └── BadSettings                  a setting that is missing or wrong
    ├── Unavailable                      something outside does not answer: wait and try again
    │   ├── StoreUnavailable             Neo4j
    │   │   └── StoreTimeout             a query that Neo4j ended at its time limit
    │   └── LogUnavailable               Kafka
    ├── Refused                          the store refused this very write: bad data, found by bisecting
    ├── Fenced                           another writer owns this partition now: stop
    └── EngineError                      a local Neo4j or Kafka could not be installed, started or stopped

Edges map them once: the command line to `exit_code`, GraphQL to `extensions.code`, ingest to dead letters or patience.
"""

from __future__ import annotations


class GraphServiceError(Exception):
    """Base of the tree. The message names the cause and the next step, in words for people."""

    code = "INTERNAL"
    exit_code = 1


class BadInput(GraphServiceError):
    """Somebody sent something that cannot be; sending it again cannot help."""

    code = "BAD_USER_INPUT"
    exit_code = 2


class BadTime(BadInput):
    """Text that is not an instant: RFC 3339 with an offset, years 1 to 9999."""

    code = "BAD_TIME"


class BadRecord(BadInput):
    """A record that cannot become assertions. `reason` is a short stable word for dead letters, e.g. `not-json`."""

    code = "BAD_RECORD"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BadMapping(BadInput):
    """A mapping file with a mistake; the message names file, line and field."""

    code = "BAD_MAPPING"


class BadRequest(BadInput):
    """A question that cannot be answered as asked."""

    code = "BAD_USER_INPUT"


class BadSettings(BadInput):
    """A setting that is missing or wrong; the message names it."""

    code = "BAD_SETTINGS"


class Unavailable(GraphServiceError):
    """Something outside did not answer; the same call may succeed later."""

    code = "UNAVAILABLE"
    exit_code = 3


class StoreUnavailable(Unavailable):
    """Neo4j did not answer."""

    code = "STORE_UNAVAILABLE"


class StoreTimeout(StoreUnavailable):
    """Neo4j ended a query at its time limit: ask for less, or allow more time."""

    code = "STORE_TIMEOUT"


class LogUnavailable(Unavailable):
    """Kafka did not answer."""

    code = "LOG_UNAVAILABLE"


class Refused(GraphServiceError):
    """The store refused the data itself, not the moment: retrying the same write cannot help."""

    code = "REFUSED"


class Fenced(GraphServiceError):
    """Another writer has taken over this partition; whatever was not committed is theirs to do."""

    code = "FENCED"


class EngineError(GraphServiceError):
    """A local engine could not be installed, started or stopped."""

    code = "ENGINE"
    exit_code = 4
