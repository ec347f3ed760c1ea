"""Just enough of the Bolt protocol to ask a Neo4j, with a password, in which folder it lives.

No driver is needed for that.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from graph_service.local.ports import LOOPBACK

PROBE_TIMEOUT_S = 10.0
MAGIC: Final = bytes.fromhex("6060b017")
#: Offers Bolt 5.4 to 5.8, and nothing else.
VERSIONS: Final = bytes((0, 4, 8, 5)) + bytes(12)
HELLO, LOGON, RUN, PULL, GOODBYE = 0x01, 0x6A, 0x10, 0x3F, 0x02
SUCCESS, RECORD = 0x70, 0x71
QUESTION = "SHOW SETTINGS 'server.directories.neo4j_home' YIELD value"
DATABASE = "neo4j"

Value = str | int | Mapping[str, "Value"]


def lives_in(home: Path, *, port: int, user: str, password: str) -> bool:
    """Whether the server on this loopback port is a Neo4j with this password, has its database open, and
    lives in `home`.

    False also where nothing listens, or something else does.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout=PROBE_TIMEOUT_S) as connection:
            return _ask(connection, home, user, password)
    except (OSError, EOFError):
        return False


def _ask(connection: socket.socket, home: Path, user: str, password: str) -> bool:
    connection.sendall(MAGIC + VERSIONS)
    if _receive(connection, 4)[3] != 5:
        return False
    agent: Value = {"user_agent": "graph-service-local/1", "bolt_agent": {"product": "graph-service-local/1"}}
    if _call(connection, HELLO, agent) != SUCCESS:
        return False
    if _call(connection, LOGON, {"scheme": "basic", "principal": user, "credentials": password}) != SUCCESS:
        return False
    if _call(connection, RUN, QUESTION, {}, {"db": DATABASE}) != SUCCESS:
        return False
    _send(connection, PULL, {"n": -1})
    kind, body = _answer(connection)
    _send(connection, GOODBYE)
    return kind == RECORD and pack(str(home)) in body


def _call(connection: socket.socket, tag: int, *fields: Value) -> int:
    _send(connection, tag, *fields)
    kind, _ = _answer(connection)
    return kind


def _send(connection: socket.socket, tag: int, *fields: Value) -> None:
    message = bytes((0xB0 + len(fields), tag)) + b"".join(pack(field) for field in fields)
    connection.sendall(struct.pack(">H", len(message)) + message + b"\0\0")


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    """The next message: its tag and the rest of its bytes."""
    message = b""
    while True:
        (length,) = struct.unpack(">H", _receive(connection, 2))
        if length:
            message += _receive(connection, length)
        elif message:
            return message[1], message[2:]
        # An empty chunk before a message only keeps the connection alive.


def _receive(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        piece = connection.recv(length - len(received))
        if not piece:
            raise EOFError
        received += piece
    return received


def pack(value: Value) -> bytes:
    """The value in PackStream: texts below 64 KiB, integers from -16 to 127, maps below 16 entries with
    text keys.
    """
    match value:
        case str():
            content = value.encode()
            if len(content) < 16:
                return bytes((0x80 + len(content),)) + content
            if len(content) < 256:
                return bytes((0xD0, len(content))) + content
            return b"\xd1" + struct.pack(">H", len(content)) + content
        case int():
            return struct.pack(">b", value)
        case _:
            entries = b"".join(pack(key) + pack(entry) for key, entry in value.items())
            return bytes((0xA0 + len(value),)) + entries
