"""From records to events, and from events to assertions. Pure: no clock, no network, files only when a mapping is loaded."""

from typing import TYPE_CHECKING, Any

from graph_service.mapping.cloudevents import (
    RECORD_BYTES_MAX,
    Record,
    RecordLike,
    decode,
    encode_structured,
    record_key,
    validate_event_json,
)

if TYPE_CHECKING:
    from graph_service.mapping.mapping import Mapping, MappingFile

__all__ = [
    "RECORD_BYTES_MAX",
    "Mapping",
    "MappingFile",
    "Record",
    "RecordLike",
    "decode",
    "encode_structured",
    "record_key",
    "validate_event_json",
]


def __getattr__(name: str) -> Any:
    # Expressions and the models of files take a third of a second to import, and a process that only answers rarely needs them.
    if name in ("Mapping", "MappingFile"):
        from graph_service.mapping import mapping

        return getattr(mapping, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
