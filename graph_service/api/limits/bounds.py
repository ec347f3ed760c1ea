"""All limits of a request, with their defaults. The names are those of the settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit is checked before anything is executed, but for the last two groups, which bound the execution itself."""

    # What is sent.
    body_bytes_max: int = 1_000_000
    #: How long a body may take to arrive.
    body_timeout_s: float = 10.0
    #: Values in the JSON of a body, counted roughly: each takes a hundred times its size in memory.
    body_values_max: int = 30_000
    #: How deep objects and lists of `variables` may lie in each other.
    variables_depth_max: int = 32

    # The document. Fields, aliases and directives of fragments count wherever they are spread.
    query_chars_max: int = 20_000
    query_tokens_max: int = 1_500
    query_depth_max: int = 15
    query_aliases_max: int = 30
    query_directives_max: int = 50
    query_fields_max: int = 1_000
    #: Fields that are asked for again at the same place: comparing them with each other takes the square of their number.
    query_duplicates_max: int = 100

    # What the answer may come to, in objects, and what one principal may ask for over time. See `cost`.
    query_cost_max: int = 20_000
    cost_per_s: int = 5_000
    cost_burst: int = 60_000

    # The execution.
    requests_at_once_max: int = 16
    requests_waiting_max: int = 64
    #: How long a request may wait for its turn.
    request_wait_s: float = 5.0
    request_timeout_s: float = 30.0
