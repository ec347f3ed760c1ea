"""Promises of the two probes: they know their engine when they see it, and nothing that a stranger sends
upsets them.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_service.local import bolt, kafka_wire
from graph_service.local.ports import LOOPBACK, choose_ports

CLUSTER = "izfaJEYiRziPntb6khT4DA"
BROKER = b"\0\0\0\1" + b"\x0a127.0.0.1" + b"\0\0\x23\x84" + b"\0\0"


def answer(cluster_id: str = CLUSTER, *, error_code: int = 0, brokers: int = 1) -> bytes:
    """A DescribeCluster answer, version 0, as a broker sends it."""
    head = b"\0\0\0\1\0" + b"\0\0\0\0" + error_code.to_bytes(2, "big") + b"\0"
    named = bytes((len(cluster_id) + 1,)) + cluster_id.encode() + b"\0\0\0\1"
    return head + named + bytes((brokers + 1,)) + BROKER * brokers + b"\x80\0\0\0\0"


@pytest.fixture
def stranger() -> Iterator[Callable[[bytes], int]]:
    """A server that says the given bytes to everyone, and hangs up; returns its port."""
    listeners: list[socket.socket] = []

    def serve(reply: bytes) -> int:
        listener = socket.create_server((LOOPBACK, 0))
        listeners.append(listener)

        def loop() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(reply)

        Thread(target=loop, daemon=True).start()
        return int(listener.getsockname()[1])

    yield serve
    for listener in listeners:
        listener.close()


def test_the_cluster_id_is_read_from_an_answer() -> None:
    """A registered broker tells its cluster; an error, or a controller without brokers, tells nothing."""
    assert kafka_wire.read_answer(answer()) == CLUSTER
    assert kafka_wire.read_answer(answer(error_code=35)) is None
    assert kafka_wire.read_answer(answer(brokers=0)) is None


def test_a_broker_is_asked_over_the_wire(stranger: Callable[[bytes], int]) -> None:
    """The answer comes in a frame with its length in front."""
    body = answer()
    assert kafka_wire.cluster_id_at(stranger(len(body).to_bytes(4, "big") + body)) == CLUSTER


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\x02ab", b"\0\0\0\x06\0\0\x01\x04\x05\0"]
)
def test_a_stranger_on_the_port_is_not_ours(
    reply: bytes, stranger: Callable[[bytes], int], tmp_path: Path
) -> None:
    """Whatever listens there instead is not taken for the engine, and raises nothing."""
    assert kafka_wire.cluster_id_at(stranger(reply)) is None
    assert not bolt.lives_in(tmp_path, port=stranger(reply), user="neo4j", password="x")


def test_nobody_on_the_port_is_not_ours(tmp_path: Path) -> None:
    """A refused connection is an answer: not yet."""
    port = choose_ports(chosen={"any": None}, remembered={})["any"]
    assert kafka_wire.cluster_id_at(port) is None
    assert not bolt.lives_in(tmp_path, port=port, user="neo4j", password="x")


def test_values_are_packed_as_the_protocol_says() -> None:
    """The examples of the PackStream specification."""
    assert bolt.pack(-1) == b"\xff"
    assert bolt.pack("a") == b"\x81a"
    assert bolt.pack("x" * 26) == b"\xd0\x1a" + b"x" * 26
    assert bolt.pack("x" * 300) == b"\xd1\x01\x2c" + b"x" * 300
    assert bolt.pack({"one": "eins"}) == b"\xa1\x83one\x84eins"


@given(st.binary(max_size=200))
def test_no_bytes_upset_the_reader(body: bytes) -> None:
    """Any other bytes end in None or in one of the errors that the caller expects."""
    with suppress(IndexError, ValueError, struct.error):
        kafka_wire.read_answer(body)
