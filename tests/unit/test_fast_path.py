"""The fast path of execution against the ordinary one: operations made up over the whole schema, answered by both from the same rows."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any, cast

import orjson
import pytest
from graphql import (
    DirectiveNode,
    ExecutionResult,
    GraphQLError,
    GraphQLObjectType,
    NameNode,
    OperationDefinitionNode,
    execute,
    parse,
)

from graph_service.api import context as context_module
from graph_service.api import dated as dated_module
from graph_service.api.context import Context
from graph_service.api.fast.executor import FastExecutor
from graph_service.api.fast.levels import Levels
from graph_service.api.fast.plans import Compiler, Plan
from graph_service.api.limits.bounds import Limits
from graph_service.api.loading import Loader
from graph_service.api.schema import Schema, make_schema
from graph_service.api.security.roles import Principal, Role
from graph_service.store.read.reader import Reader
from tests.operations import Operations
from tests.rows import METHODS, NOW, Rows

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
OPERATIONS = 10_000 if DEEP else 200
FROM = 0
WIDE = Limits(
    query_cost_max=10**12, cost_per_s=10**12, cost_burst=10**12, query_aliases_max=10**4, query_depth_max=50,
    query_directives_max=10**4, query_fields_max=10**4, query_tokens_max=10**4, query_chars_max=10**6,
)  # fmt: skip
READER = Principal(name="somebody", realm="test", role=Role.READER)


@pytest.fixture(autouse=True)
def one_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Now is always the same."""
    for module in (context_module, dated_module):
        monkeypatch.setattr(module, "now", lambda: NOW)


@pytest.fixture(scope="module")
def schemas() -> tuple[Schema, Schema]:
    """The ordinary one, then the fast one."""
    return make_schema(WIDE, fast=False), make_schema(WIDE)


async def told(schema: Schema, rows: Rows, text: str, variables: dict[str, Any]) -> dict[str, Any]:
    """All that an answer says, and what came of it beside it."""
    context = Context(cast("Reader", rows), principal=READER)
    found = await schema.execute(text, variable_values=variables, context_value=context)
    return {
        "data": orjson.dumps(found.data),
        "errors": [said(error) for error in found.errors or ()],
        "extensions": found.extensions,
        "points": list(context.points),
        "plain": found.data,
    }


def said(error: GraphQLError) -> tuple[Any, ...]:
    """What tells errors from each other."""
    return error.message, error.path, error.locations, type(error.original_error)


async def every_error(
    schema: Schema, rows: Rows, text: str, variables: dict[str, Any]
) -> set[tuple[Any, ...]]:
    """All errors that there are, those too that nobody is told since something above them is null already."""
    document = parse(text)
    lasting = DirectiveNode(name=NameNode(value="experimental_disableErrorPropagation"), arguments=())
    definitions = tuple(
        replace(one, directives=(lasting,)) if isinstance(one, OperationDefinitionNode) else one
        for one in document.definitions
    )
    found = execute(
        schema._schema,
        replace(document, definitions=definitions),
        context_value=Context(cast("Reader", rows), principal=READER),
        variable_values=variables,
        executor_class=schema.execution_context_class,
        hide_suggestions=True,
    )
    result = found if isinstance(found, ExecutionResult) else await found
    return {comparable(said(error)) for error in result.errors or ()}


def comparable(error: tuple[Any, ...]) -> tuple[Any, ...]:
    """An error without what cannot be part of a set."""
    message, path, locations, kind = error
    return message, tuple(path or ()), tuple(map(tuple, locations or ())), kind


def nulled(data: Any, errors: list[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """The places that are null because of errors."""
    places = set()
    for _, path, _, _ in errors:
        place, found = [], data
        for part in path or ():
            if found is None:
                break
            found = found[part]
            place.append(part)
        assert found is None, f"{path} has an error, and is there"
        places.add(tuple(place))
    return places


def compare(
    schemas: tuple[Schema, Schema],
    seed: int,
    operations: Operations,
    *,
    wrong: float,
    refused: tuple[str, ...],
) -> dict[str, int]:
    """One operation by both. How many errors and bytes of data there were, and how often either asked the store where there were no errors."""
    text, variables = operations.one()
    answers, asked = [], []
    note = f"seed {seed}, wrong {wrong}, refused {refused}\n{text}\n{variables}"
    for schema in schemas:
        rows = Rows(seed, wrong=wrong, refused=refused)
        try:
            answers.append(asyncio.run(asyncio.wait_for(told(schema, rows, text, variables), 60)))
        except BaseException as error:
            pytest.fail(f"{type(error)} by {schema.execution_context_class}\n{note}")
        asked.append(rows.asked)
    ordinary, fast = answers
    operations.learn(ordinary["plain"])
    assert fast["data"] == ordinary["data"], f"{note}\n{ordinary['data']}\n{fast['data']}"
    if ordinary["errors"] != fast["errors"]:
        rows = Rows(seed, wrong=wrong, refused=refused)
        same_errors(ordinary, fast, asyncio.run(every_error(schemas[0], rows, text, variables)), note)
    if not ordinary["errors"]:
        for name in ("extensions", "points"):
            assert fast[name] == ordinary[name], f"{name} differs\n{note}\n{ordinary[name]}\n{fast[name]}"
    return {
        "errors": len(ordinary["errors"]),
        "bytes": len(ordinary["data"]),
        "asked": asked[0].total() if not ordinary["errors"] else 0,
        "asked by plans": asked[1].total() if not ordinary["errors"] else 0,
    }


def same_errors(
    ordinary: dict[str, Any], fast: dict[str, Any], every: set[tuple[Any, ...]], note: str
) -> None:
    """Where several errors make the same place null, the one that came first is told, in either executor, and the others may not even happen.
    So: nothing is told that is not an error, nothing twice, and the same places are null because of one. Without such a race all are the same.
    """
    lists = [[comparable(error) for error in answer["errors"]] for answer in (ordinary, fast)]
    note = f"{note}\n{lists[0]}\n{lists[1]}\nof {every}"
    for errors in lists:
        assert set(errors) <= every, note
        assert len(set(errors)) == len(errors), note
    if len(every) == len(lists[0]):
        assert set(lists[0]) == set(lists[1]), note
    assert nulled(ordinary["plain"], ordinary["errors"]) == nulled(fast["plain"], fast["errors"]), note


@pytest.mark.filterwarnings(
    "ignore:coroutine:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_operations_made_up(schemas: tuple[Schema, Schema]) -> None:
    """Data to the byte, errors with their paths, extensions: all the same, and the store is never asked more often.

    What graphql-core leaves behind when an error ends it (coroutines that settle in the background) the loop of the next operation never sees.
    """
    counts: Counter[str] = Counter()
    for seed in range(FROM, FROM + OPERATIONS // 20):
        random = Random(seed)
        operations = Operations(schemas[0]._schema, random)
        for n in range(20):
            wrong = random.choice((0.0, 0.0, 0.0, 0.0, 0.005, 0.1))
            refused = (random.choice(METHODS),) if random.random() < 0.1 else ()
            found = compare(schemas, seed * 20 + n, operations, wrong=wrong, refused=refused)
            counts["with errors"] += found["errors"] > 0
            counts["without errors"] += found["errors"] == 0
            counts["with much data"] += found["bytes"] > 500
            counts["asked"] += found["asked"]
            counts["asked by plans"] += found["asked by plans"]
    print(counts)
    assert counts["with errors"] > OPERATIONS / 10, counts
    assert counts["without errors"] > OPERATIONS / 3, counts
    assert counts["with much data"] > OPERATIONS / 10, counts
    # One by one there may be more: what two root fields ask for may come together by chance, or just not.
    assert counts["asked by plans"] <= counts["asked"], counts


def fast_context(rows: Rows) -> Context:
    """A request of somebody."""
    return Context(cast("Reader", rows), principal=READER)


DEEP_QUESTION = """{ entities(first: 5) { edges { node { key name event { eventId } relationships { edges { node {
    source { key name } target { key event { type } } } } } } } } }"""


@pytest.mark.asyncio
async def test_most_is_written_by_plans(
    schemas: tuple[Schema, Schema], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing below the root field comes to graphql-core, and a second request compiles nothing."""
    schema = schemas[1]
    executors: list[FastExecutor] = []
    compiled: list[Plan] = []
    fields: list[str] = []
    init, plan, field = FastExecutor.__init__, Compiler.plan, FastExecutor.execute_field

    def made(self: FastExecutor, *args: Any, **named: Any) -> None:
        init(self, *args, **named)
        executors.append(self)

    def compiles(self: Compiler, *args: Any) -> Plan:
        compiled.append(plan(self, *args))
        return compiled[-1]

    def executes(self: FastExecutor, parent: GraphQLObjectType, *args: Any) -> Any:
        fields.append(parent.name)
        return field(self, parent, *args)

    monkeypatch.setattr(FastExecutor, "__init__", made)
    monkeypatch.setattr(Compiler, "plan", compiles)
    monkeypatch.setattr(FastExecutor, "execute_field", executes)
    for _ in range(2):
        found = await schema.execute(DEEP_QUESTION, context_value=fast_context(Rows(3)))
        assert not found.errors
    assert [one.ordinary for one in executors] == [False, False]
    assert len(compiled) == 1
    assert set(fields) == {"Query"}


@pytest.mark.asyncio
async def test_it_can_be_switched_off() -> None:
    """Then it is strawberry's own executor."""
    schema = make_schema(WIDE, fast=False)
    assert not issubclass(schema.execution_context_class, FastExecutor)
    assert schema.sources is None
    assert not (await schema.execute("{ basis { known } }", context_value=fast_context(Rows(0)))).errors


def test_who_promises_to_load_only_keeps_it(schemas: tuple[Schema, Schema]) -> None:
    """Each resolver that says `loads` is asked by itself; the reader is never asked within the step that carries it on."""
    sources = schemas[1].sources
    assert sources is not None
    marked = [
        (type.name, name)
        for type in schemas[1]._schema.type_map.values()
        if isinstance(type, GraphQLObjectType) and not type.name.startswith("__")
        for name in type.fields
        if type.name not in ("Query", "Mutation", "Subscription") and sources.of(type, name).loads
    ]
    assert ("Entity", "name") in marked
    assert ("Relationship", "target") in marked
    text = """{ entities(first: 6) { basis { known } edges { node { name event { type } history { edges { node { event { type }
        endedBy { type } } } basis { known } } relationships { edges { node { source { key } target { key } event { type } history { edges {
        cursor } } } } } } } }
        impact(of: ["service:s1"]) { byKind { kind } owners { count } basis { known } items { score factors { distance } path { evidence {
        event { type } lastSeen } } } }
        impactDrift(of: ["service:s1"], from: {valid: "1970-01-01T00:00:01Z"}, to: {valid: "1970-01-01T00:00:02Z"}) { before { basis { known } }
        entered { entity { key } path { entities { key } } event { type } } left { entity { key } path { entities { key } } event { type } } }
        diff(from: {valid: "1970-01-01T00:00:01Z"}, to: {valid: "1970-01-01T00:00:02Z"}) { edges { node { entity { key } event { type } } } } }"""
    asked = {field for field in marked if f" {field[1]} " in text.replace("{", " { ").replace("\n", " ")}
    assert {name for _, name in marked} == {name for _, name in asked}, "ask for it above"

    carried: list[bool] = []
    step, begin = Levels._step, Rows._begin

    def stepping(self: Levels, *begun: Any) -> None:
        carried.append(True)
        step(self, *begun)
        carried.pop()

    async def told_on(self: Rows, method: str) -> None:
        assert not carried, f"{method} was asked by a resolver that promised not to"
        await begin(self, method)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Levels, "_step", stepping)
        patch.setattr(Rows, "_begin", told_on)
        found = asyncio.run(schemas[1].execute(text, context_value=fast_context(Rows(5))))
    assert not found.errors, found.errors


@pytest.mark.asyncio
async def test_who_is_cancelled_leaves_nothing_behind(schemas: tuple[Schema, Schema]) -> None:
    """The store is not asked on, and every task is at its end."""

    class Slow(Rows):
        async def _begin(self, method: str) -> None:
            await super()._begin(method)
            if method == "relationships":
                begun.set()
                try:
                    await asyncio.sleep(60)
                finally:
                    ended.set()

    begun, ended = asyncio.Event(), asyncio.Event()
    asking = asyncio.create_task(schemas[1].execute(DEEP_QUESTION, context_value=fast_context(Slow(3))))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(ended.wait(), 5)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=5)
    assert not [task for task in others if not task.done()]


@pytest.mark.asyncio
async def test_a_waiter_that_leaves_takes_nothing_from_others() -> None:
    """What several wait for is cancelled with the last of them."""
    asked: list[list[str]] = []
    held = asyncio.Event()

    async def load(keys: list[str]) -> list[str]:
        asked.append(keys)
        await held.wait()
        return [key.upper() for key in keys]

    loader = Loader(load)
    first, second = asyncio.ensure_future(loader.load("a")), asyncio.ensure_future(loader.load("a"))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0)
    held.set()
    assert await second == "A"
    assert asked == [["a"]]
    held.clear()
    alone = loader.load("b")
    await asyncio.sleep(0.01)
    alone.cancel()
    await asyncio.sleep(0.01)
    held.set()
    assert await loader.load("b") == "B"


@pytest.mark.asyncio
async def test_nothing_is_put_with_what_nobody_loads() -> None:
    """Where all have left before loading began, the next one begins anew."""

    async def load(keys: list[str]) -> list[str]:
        return keys

    for turns in range(4):
        loader = Loader(load)
        gone = loader.load("a")
        for _ in range(turns):
            await asyncio.sleep(0)
        gone.cancel()
        for wait in range(turns):
            assert await asyncio.wait_for(loader.load(f"b{wait}"), 5) == f"b{wait}"
        await asyncio.sleep(0)
        assert await asyncio.wait_for(loader.load("a"), 5) == "a"
