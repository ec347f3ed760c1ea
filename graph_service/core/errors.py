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
    │   │   └── StoreGaveUp              Neo4j ended this very transaction: a smaller one may work
    │   │       ├── StoreTimeout         … at its time limit
    │   │       └── StoreOutOfMemory     … for want of memory
    │   └── LogUnavailable               Kafka
    ├── Refused                          the store refused this very write: bad data, found by bisecting
    │   └── TooCostly                    one event that the store gives up on every time, while others go through
    ├── Changed                          what was read was changed meanwhile: do it again
    ├── Forbidden                        an operator's act where these are not enabled
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


class StoreGaveUp(StoreUnavailable):
    """Neo4j answered, and ended this very transaction. Whether that is about the transaction or about the moment cannot be told
    from one attempt: less at a time may work, and so may waiting.
    """


class StoreTimeout(StoreGaveUp):
    """Neo4j ended a query at its time limit: ask for less, or allow more time."""

    code = "STORE_TIMEOUT"


class StoreOutOfMemory(StoreGaveUp):
    """Neo4j had no memory for a query: ask for less, or give it more."""

    code = "STORE_OUT_OF_MEMORY"


class LogUnavailable(Unavailable):
    """Kafka did not answer."""

    code = "LOG_UNAVAILABLE"


class Refused(GraphServiceError):
    """The store refused the data itself, not the moment: retrying the same write cannot help. `reason` is for dead letters."""

    code = "REFUSED"
    reason = "refused"


class TooCostly(Refused):
    """The store gave up on this one event again and again, while it did other work at once in between."""

    code = "TOO_COSTLY"
    reason = "too-costly"


class Changed(GraphServiceError):
    """What this was about was changed while it was read; doing it again may succeed."""

    code = "CHANGED"


class Forbidden(GraphServiceError):
    """An operator's act that this process does not allow; the message names the setting that would."""

    code = "FORBIDDEN"


class Fenced(GraphServiceError):
    """Another writer has taken over this partition; whatever was not committed is theirs to do."""

    code = "FENCED"


class EngineError(GraphServiceError):
    """A local engine could not be installed, started or stopped."""

    code = "ENGINE"
    exit_code = 4
