"""gql, the GraphQL client for Python: over HTTP with the schema fetched, and a subscription over WebSocket that goes on after a break."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

url, key = os.environ["GRAPH_URL"], os.environ["GRAPH_KEY"]

# snippet: gql
http = AIOHTTPTransport(url=url, headers={"Authorization": f"Bearer {key}"})
socket = WebsocketsTransport(
    url=url.replace("http", "ws", 1), init_payload={"Authorization": f"Bearer {key}"}
)


async def ask(query: str, **variables: Any) -> dict[str, Any]:
    """The answer to a question, which is held against the schema of the service before it is sent."""
    async with Client(transport=http, fetch_schema_from_transport=True) as session:
        return await session.execute(gql(query), variable_values=variables)


async def follow(after: str, count: int) -> list[dict[str, Any]]:
    """The next changes behind a cursor."""
    query = gql("subscription ($after: String) { changes(after: $after) { cursor entity { key } } }")
    query.variable_values = {"after": after}
    told: list[dict[str, Any]] = []
    async with Client(transport=socket) as session:
        async for answer in session.subscribe(query):
            told.append(answer["changes"])
            if len(told) == count:
                break
    return told


# end


def tell(count: int) -> None:
    """Have events recorded; comes back when they are in the graph."""
    print(json.dumps({"tell": count}), flush=True)
    sys.stdin.readline()


async def main() -> None:
    """Ask, follow, break off, go on."""
    entity = (await ask("query ($key: String!) { entity(key: $key) { key } }", key="service:cart"))["entity"]
    newest = (await ask("{ changes(first: 1) { edges { cursor } } }"))["changes"]["edges"][0]["cursor"]
    wrong = None
    try:
        await ask(
            '{ entity(key: "a", at: {valid: "2026-01-01T00:00:00Z"}) { key } entities(first: 999) { edges { cursor } } }'
        )
    except TransportQueryError as error:
        wrong = (error.errors or [])[0]["extensions"]["code"]
    following = asyncio.create_task(follow(newest, 1))
    await asyncio.to_thread(tell, 1)
    live = await following
    await asyncio.to_thread(tell, 2)
    missed = await follow(live[0]["cursor"], 2)
    found = {
        "entity": entity["key"],
        "wrong": wrong,
        "live": [change["entity"]["key"] for change in live],
        "missed": [change["entity"]["key"] for change in missed],
    }
    print(json.dumps({"found": found}), flush=True)


asyncio.run(main())
