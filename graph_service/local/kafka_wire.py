"""Just enough of the Kafka protocol to ask a broker to which cluster it belongs.

No client is needed for that.
"""

from __future__ import annotations

import socket
import struct
from typing import Final

from graph_service.local.ports import LOOPBACK

PROBE_TIMEOUT_S = 5.0
DESCRIBE_CLUSTER: Final = 60
ANSWER_BYTES_MAX = 1 << 16


def cluster_id_at(port: int) -> str | None:
    """The id of the cluster whose broker listens on this loopback port and has registered; else None."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=PROBE_TIMEOUT_S) as connection:
            connection.sendall(_frame(_request()))
            return read_answer(_receive_frame(connection))
    except (OSError, EOFError, struct.error, IndexError, ValueError):
        return None


def _request() -> bytes:
    client = b"graph-service-local"
    header = struct.pack(">hhih", DESCRIBE_CLUSTER, 0, 1, len(client)) + client + b"\0"
    return header + b"\0\0"


def _frame(message: bytes) -> bytes:
    return struct.pack(">i", len(message)) + message


def read_answer(body: bytes) -> str | None:
    """The cluster id in a DescribeCluster answer, version 0; None if it is an error, or no broker has
    registered.

    Raises IndexError, ValueError or struct.error if the bytes are no such answer.
    """
    (error_code,) = struct.unpack_from(">h", body, 9)
    if error_code:
        return None
    _, offset = _compact_text(body, 11)
    cluster_id, offset = _compact_text(body, offset)
    brokers, _ = _unsigned(body, offset + 4)
    return cluster_id if brokers > 1 else None  # a compact length is one more than the count


def _compact_text(body: bytes, offset: int) -> tuple[str | None, int]:
    length, offset = _unsigned(body, offset)
    if length == 0:
        return None, offset
    end = offset + length - 1
    if end > len(body):
        raise ValueError
    return body[offset:end].decode(), end


def _unsigned(body: bytes, offset: int) -> tuple[int, int]:
    """A variable-length integer, and where the next field begins."""
    value = shift = 0
    while True:
        byte = body[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset
        shift += 7


def _receive_frame(connection: socket.socket) -> bytes:
    (length,) = struct.unpack(">i", _receive(connection, 4))
    if not 0 < length <= ANSWER_BYTES_MAX:
        raise ValueError
    return _receive(connection, length)


def _receive(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        piece = connection.recv(length - len(received))
        if not piece:
            raise EOFError
        received += piece
    return received
