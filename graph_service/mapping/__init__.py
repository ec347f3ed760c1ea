"""From records to events, and from events to assertions. Pure: no clock, no network, files only when a mapping is loaded."""

from graph_service.mapping.cloudevents import (
    RECORD_BYTES_MAX,
    Record,
    RecordLike,
    decode,
    encode_structured,
    record_key,
    validate_event_json,
)
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
