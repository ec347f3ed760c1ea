"""`graph-service demo`: from nothing to five answers about the past, on real engines."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from graph_service.cli.commands import INSTANCE
from graph_service.cli.errors import INTERRUPTED
from graph_service.cli.logs import set_up_logs
from graph_service.cli.loop import run_served
from graph_service.cli.places import demo_mapping, free_port, kafka_of, local_engines, saved_query
from graph_service.cli.running import Running, run
from graph_service.core.errors import Unavailable
from graph_service.settings import Settings, load_settings

if TYPE_CHECKING:
    from graph_service.story.questions import Question

TOPIC = "demo.events"
PARTITIONS = 3
#: The story keeps its own time: record timestamps are those of its events, also in the past and the future, and are never deleted.
TOPIC_CONFIGS = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": "9223372036854775807",
    "message.timestamp.after.max.ms": "9223372036854775807",
    "retention.ms": "-1",
}
APPLIED_WITHIN_S = 300.0
ANSWERS_WITHIN_S = 30.0


def run_demo(data: Path, port: int, *, once: bool) -> int:
    """The demo; returns the exit code: 0, 1 if an answer is wrong, or 130 if it was stopped before the answers."""
    started_s = time.monotonic()
    set_up_logs("auto", "warning")
    console = Console(highlight=False)
    settings = load_settings(
        None,
        data=data,
        topics=(TOPIC,),
        mapping=(demo_mapping(),),
        port=port,
        host="127.0.0.1",
        group_id="demo",
        group_instance_id=INSTANCE,
    ).model_copy(
        update={
            **{"neo4j_uri": None, "kafka_bootstrap": None, "dead_letter_topic": None},
            # A made-up story, on this machine only.
            **{"insecure": True, "api_keys_file": None, "jwt_jwks": None, "persisted_only": False},
        }
    )
    console.print("Starting Neo4j and Kafka …")
    settings = settings.model_copy(update={"port": free_port(settings, fall_back=True)})
    with local_engines(settings) as found:
        demo = Demo(console, started_s, once=once)
        demo.say_time("engines answer")
        run_served(demo.run(found))
        console.print("Stopping …")
    if not demo.answered:
        return INTERRUPTED
    return 1 if demo.wrong else 0


class Demo:
    """One run of the demo on engines that answer."""

    def __init__(self, console: Console, started_s: float, *, once: bool) -> None:
        """`started_s`: when all began, in seconds of a monotonic clock."""
        self._console = console
        self._started_s = started_s
        self._once = once
        #: Titles of questions that were answered wrongly.
        self.wrong: list[str] = []
        #: Whether all questions were asked.
        self.answered = False

    def say_time(self, what: str) -> None:
        """A line with the seconds since the beginning."""
        self._console.print(f"[dim]{time.monotonic() - self._started_s:5.1f} s[/dim]  {what}")

    async def run(self, settings: Settings) -> None:
        """Publish, ingest, ask; then wait for Ctrl-C, unless it is for once."""
        await self._publish(settings)
        await run(settings, ingest=True, api=True, meanwhile=self._ask)

    async def _publish(self, settings: Settings) -> None:
        from graph_service.story import events
        from ingest.kafka import create_topic, records_total
        from ingest.publish import Timestamps, publish

        kafka = kafka_of(settings)
        await create_topic(kafka, TOPIC, partitions=PARTITIONS, configs=TOPIC_CONFIGS)
        story = list(events())
        there = await records_total(kafka, TOPIC)
        if there >= len(story):
            self.say_time(f"the story is in Kafka already: {there} events")
            return
        # All of it, also when a part is there: what the graph knows already is counted only.
        sent = await publish(story, kafka, TOPIC, timestamps=Timestamps.RECORDEDTIME)
        self.say_time(f"the story is in Kafka: {sent} events of 18 months")

    async def _ask(self, running: Running) -> None:
        assert running.ingester is not None and running.address is not None
        await running.ingester.drained(APPLIED_WITHIN_S)
        progress = running.ingester.progress
        self.say_time(
            f"the graph is up to date: {progress.events} events applied in this run, {progress.dead_letters} dead letters"
        )
        await _until_ready(running.address)
        await self._questions(running.address)
        self.answered = True
        right = "five questions answered over GraphQL"
        self.say_time(f"{right}, {len(self.wrong)} of them wrong" if self.wrong else right)
        for title in self.wrong:
            self._console.print(f"[red]wrong:[/red] {title}", markup=True)
        if self._once:
            running.stop.set()
            return
        self._say_addresses(running)

    async def _questions(self, address: str) -> None:
        from graph_service.story.questions import questions

        for number, question in enumerate(questions(), start=1):
            answer = await asyncio.to_thread(ask, address, question)
            data = answer.get("data")
            wrong = (
                f"{question.title}: {answer['errors'][0].get('message')}"
                if answer.get("errors") or data is None
                else question.wrong(data)
            )
            self._console.print(f"\n[bold]{number}. {question.title}[/bold]\n   {question.lead_in}")
            if wrong is not None:
                self.wrong.append(question.title)
                self._console.print(f"   WRONG: {wrong}", markup=False, style="red")
                continue
            for line in question.told(data or {}):
                self._console.print(f"   {line}", markup=False, style="cyan")
        self._console.print()

    def _say_addresses(self, running: Running) -> None:
        address = running.address
        for name, what in (
            ("GraphQL", f"{address}/graphql"),
            ("GraphiQL", f"{address}/graphiql/"),
            ("API docs", f"{address}/docs"),
            ("Explorer", f"{address}/explorer"),
        ):
            self._console.print(f"{name:9} {what}", markup=False)
        self._console.print(
            f"\nState is kept in {running.settings.data}. Ctrl-C stops all of it.", markup=False
        )


def ask(address: str, question: Question) -> dict[str, Any]:
    """Ask over GraphQL; the answer as it came, errors included.

    Raises:
        Unavailable: the API does not answer.
    """
    body = {
        "query": saved_query(question.operation),
        "variables": dict(question.variables),
        "operationName": None,
    }
    request = urllib.request.Request(
        f"{address}/graphql",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "accept": "application/json"},
    )
    try:
        with _opener().open(request, timeout=ANSWERS_WITHIN_S) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        return {"errors": [{"message": f"HTTP {error.code}: {error.read(2000).decode(errors='replace')}"}]}
    except OSError as error:
        raise Unavailable(f"the API at {address} does not answer: {error}") from error
    return (
        answer if isinstance(answer, dict) else {"errors": [{"message": f"not an answer: {answer!r:.200}"}]}
    )


def _opener() -> urllib.request.OpenerDirector:
    """Never by way of a proxy: the API is on this machine."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


async def _until_ready(address: str) -> None:
    """Wait until the API is there."""
    deadline_s = time.monotonic() + ANSWERS_WITHIN_S
    while True:
        try:
            await asyncio.to_thread(lambda: _opener().open(f"{address}/healthz", timeout=2).close())
            return
        except OSError as error:
            if time.monotonic() > deadline_s:
                raise Unavailable(f"the API at {address} does not answer: {error}") from error
            await asyncio.sleep(0.1)
