"""Every error this service raises on purpose, in one tree.

    GraphServiceError                    code, message (cause and next step), exit_code
    ├── BadInput                         somebody sent something that cannot be: never retried
    │   ├── BadTime                      not an instant with an offset
    │   ├── BadRecord                    a Kafka record that is not a usable CloudEvent  (has `reason`)
    │   ├── BadMapping                   a mapping file that does not say what it should (file, line, field)
    │   ├── BadRequest                   a question that cannot be answered as asked
    │   │   └── BadEvent                 an event of a what-if that could not be recorded so  (has `index` and `reason`)
    │   │   ├── LimitExceeded            … because it is larger than a limit  (has `limit`, `most`, `found`)
    │   │   ├── UnknownDocument          … because it names a document that is not there, or sends one where only kept ones count
    │   │   ├── Gone                     … because what it goes on from is not kept any more
    │   │   └── UnknownWord              … because it names what nobody declared and the graph never held  (has `names` and `near`)
    │   │       ├── UnknownKind          a kind of entities
    │   │       └── UnknownType          a type of relationships
    │   └── BadSettings                  a setting that is missing or wrong
    ├── Unavailable                      something outside does not answer: wait and try again
    │   ├── StoreUnavailable             Neo4j
    │   │   └── StoreGaveUp              Neo4j ended this very transaction: a smaller one may work
    │   │       ├── StoreTimeout         … at its time limit
    │   │       ├── StoreSilent          … or so it seems: some time after its limit nothing had come
    │   │       └── StoreOutOfMemory     … for want of memory
    │   ├── LogUnavailable               Kafka
    │   └── Overloaded                   this service itself has too much to do  (has `retry_after_s`)
    │       ├── RateLimited              … for this very caller
    │       ├── SlowReader               … because a subscriber does not take what is for it  (has `cursor`)
    │       └── RequestTimeout           … to answer this within its time limit
    ├── Refused                          the store refused this very write: bad data, found by bisecting
    │   └── TooCostly                    one event that the store gives up on every time, while others go through
    ├── Changed                          what was read was changed meanwhile: do it again
    ├── Unauthenticated                  who asks does not say who they are, or cannot prove it
    ├── Forbidden                        who asks has not the role that this needs
    ├── Fenced                           another writer owns this partition now: stop
    └── EngineError                      a local Neo4j or Kafka could not be installed, started or stopped

Edges map them once: the command line to `exit_code`, GraphQL to `extensions.code`, ingest to dead letters or patience.
"""

from __future__ import annotations

from collections.abc import Iterable


class GraphServiceError(Exception):
    """Base of the tree. The message names the cause and the next step, in words for people."""

    code = "INTERNAL"
    exit_code = 1

    def details(self) -> dict[str, object]:
        """What machines may want to know beside the code: plain JSON values by name."""
        return {}


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


class LimitExceeded(BadRequest):
    """A question that is larger than a limit. `limit` is the name of the setting, `most` its value, `found` what was asked (where it was
    counted to the end).
    """

    code = "LIMIT_EXCEEDED"

    def __init__(self, limit: str, most: int, message: str, *, found: int | None = None) -> None:
        super().__init__(message)
        self.limit, self.most, self.found = limit, most, found

    def details(self) -> dict[str, object]:
        """The limit, what it is, and what was asked."""
        return {"limit": self.limit, "most": self.most, "found": self.found}


class UnknownDocument(BadRequest):
    """The hash of a document that is not kept here, or another document where only kept ones are executed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Gone(BadRequest):
    """A place in the change log from which nobody can go on: what came after it is not kept any more, or it is of another log."""

    code = "GONE"


class UnknownWord(BadRequest):
    """Words of a question that neither the vocabulary declares nor the graph has ever held. `names` are those words, `near` such as are
    much like them; none where they are not to be told.
    """

    #: What the words are names of.
    what = "word"

    def __init__(self, names: Iterable[str], near: Iterable[str] = ()) -> None:
        self.names, self.near = tuple(names), tuple(near)
        listed = ", ".join(repr(name[:64]) for name in self.names[:5])
        hint = f"; did you mean {' or '.join(self.near)}?" if self.near else ""
        super().__init__(
            f"there is no {self.what} {listed}: nothing declares it, and the graph has never held it; `vocabulary` lists those there are{hint}"
        )

    def details(self) -> dict[str, object]:
        """What is much like it, where that may be told."""
        return {"near": list(self.near) or None}


class UnknownKind(UnknownWord):
    """A kind of entities that there is not."""

    code = "UNKNOWN_KIND"
    what = "kind"


class UnknownType(UnknownWord):
    """A type of relationships that there is not."""

    code = "UNKNOWN_TYPE"
    what = "relationship type"


class BadEvent(BadRequest):
    """An event that somebody asks about and that could not be recorded so: `index` is its place among those given, from 0;
    `reason` is the word that its dead letter would have.
    """

    code = "BAD_EVENT"

    def __init__(self, index: int, reason: str, message: str) -> None:
        super().__init__(f"events[{index}]: {reason}: {message}")
        self.index, self.reason, self.cause = index, reason, message

    def details(self) -> dict[str, object]:
        """Which one, and why."""
        return {"index": self.index, "reason": self.reason}


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


class StoreSilent(StoreGaveUp):
    """A transaction was not through some time after its limit, and nobody said why: Neo4j is away, or there is so much to read and to fold
    that the time went by here.
    """


class StoreOutOfMemory(StoreGaveUp):
    """Neo4j had no memory for a query: ask for less, or give it more."""

    code = "STORE_OUT_OF_MEMORY"


class LogUnavailable(Unavailable):
    """Kafka did not answer."""

    code = "LOG_UNAVAILABLE"


class Overloaded(Unavailable):
    """This service has as much to do as it takes on; after `retry_after_s` there may be room."""

    code = "OVERLOADED"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def details(self) -> dict[str, object]:
        """When to come again."""
        return {"retryAfterSeconds": self.retry_after_s}


class RateLimited(Overloaded):
    """Who asks has used up what they may ask for at the moment."""

    code = "RATE_LIMITED"


class SlowReader(Overloaded):
    """A subscriber that took its messages more slowly than they came. `cursor` is that of the last one it was sent, to resume from;
    None where the subscription has no cursors.
    """

    code = "SLOW_READER"

    def __init__(self, message: str, *, cursor: str | None) -> None:
        super().__init__(message, retry_after_s=1)
        self.cursor = cursor

    def details(self) -> dict[str, object]:
        """Where to resume."""
        return {**super().details(), "cursor": self.cursor}


class RequestTimeout(Overloaded):
    """The answer was not complete within the time limit of a request."""

    code = "TIMEOUT"


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


class Unauthenticated(GraphServiceError):
    """Who asks gave no credentials, or such as do not hold; the message says what to send, never what exactly was wrong with a key."""

    code = "UNAUTHENTICATED"


class Forbidden(GraphServiceError):
    """Something for which another role is needed; the message names the role. `role` does so for machines."""

    code = "FORBIDDEN"

    def __init__(self, message: str, *, role: str | None = None) -> None:
        super().__init__(message)
        self.role = role

    def details(self) -> dict[str, object]:
        """The role that is needed."""
        return {} if self.role is None else {"role": self.role}


class Fenced(GraphServiceError):
    """Another writer has taken over this partition; whatever was not committed is theirs to do."""

    code = "FENCED"


class EngineError(GraphServiceError):
    """A local engine could not be installed, started or stopped."""

    code = "ENGINE"
    exit_code = 4
