"""From a request over a transport that stays open to what comes of it: through the same gate, limits and audit as any other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from graph_service.api.audit import AuditLine
from graph_service.api.changes import place_asked
from graph_service.api.context import Context
from graph_service.api.errors import cause_of, coded
from graph_service.api.http import Endpoint, note
from graph_service.api.limits.turns import RETRY_AFTER_S
from graph_service.api.live.asked import ChangesAsked, ImpactAsked
from graph_service.api.live.channels import ChangesChannel, Channel, ImpactChannel
from graph_service.api.live.hub import Hub
from graph_service.api.live.limits import LiveLimits
from graph_service.api.live.members import Member, Message
from graph_service.api.live.operations import Operation, answers, operation_of
from graph_service.api.requests import Asked
from graph_service.api.security.roles import Principal
from graph_service.core.errors import BadRequest, Forbidden, Overloaded, RequestTimeout
from graph_service.store.read.reader import Reader

Batches: TypeAlias = AsyncIterator[tuple[Member, list[Message]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of an operation that is answered at once: the JSON of one response."""

    body: dict[str, Any]


class Live:
    """All that stays open in one process."""

    def __init__(self, endpoint: Endpoint, reader: Reader, limits: LiveLimits) -> None:
        """Shares gate, limits, access and audit with the endpoint."""
        self.endpoint, self.limits = endpoint, limits
        self._reader = reader
        self._hub = Hub(reader, limits)
        self._connections = 0
        self.stopping = asyncio.Event()

    async def stop(self) -> None:
        """End all subscriptions, so that whoever listens goes elsewhere."""
        self.stopping.set()
        await self._hub.close()

    @contextmanager
    def connection(self) -> Iterator[None]:
        """A place for one connection.

        Raises:
            Overloaded: all are taken, or this process stops.
        """
        if self._connections >= self.limits.connections_max or self.stopping.is_set():
            raise Overloaded(
                f"this process has as many open connections as it takes; come again in {RETRY_AFTER_S} s",
                retry_after_s=RETRY_AFTER_S,
            )
        self._connections += 1
        try:
            yield
        finally:
            self._connections -= 1

    async def start(
        self, asked: Asked, principal: Principal, transport: str, resume: str | None = None
    ) -> Answer | Batches:
        """Execute a query, or begin a subscription; `resume` is a cursor that counts instead of what the document says.

        Raises:
            GraphServiceError: it is not let through; what is wrong with the document is in the answer.
        """
        started_s = time.perf_counter()
        line = AuditLine(transport=transport, who=principal.name, realm=principal.realm)
        line.role = None if principal.role is None else principal.role.value
        try:
            started = await self._started(asked, principal, line, resume)
            if isinstance(started, Answer) and started.body.get("errors"):
                line.outcome = started.body["errors"][0]["extensions"]["code"]
        except Exception as error:
            line.outcome = getattr(error, "code", "INTERNAL")
            raise
        finally:
            line.duration_ms = round((time.perf_counter() - started_s) * 1000, 2)
            self.endpoint.audit(line)
        return started

    async def _started(
        self, asked: Asked, principal: Principal, line: AuditLine, resume: str | None
    ) -> Answer | Batches:
        endpoint = self.endpoint
        text = endpoint.kept.document(
            text=asked.text, document_id=asked.document_id, extension=asked.persisted
        )
        context = endpoint.context(principal)
        try:
            # Without a place among requests: connections and their operations are counted, and when a process is back all come at once.
            async with endpoint.turns.turn(wait_s=endpoint.limits.request_timeout_s):
                answer = await self._executed(text, asked, context)
        finally:
            note(line, context, text, asked)
        if context.asked is None or answer is not None:
            assert answer is not None, "an operation is answered, or says what it asks for"
            return answer
        assert context.admitted is not None
        operation = operation_of(context.admitted, asked.variables)
        return self._listened(context.asked, operation, principal, resume)

    async def _executed(self, text: str, asked: Asked, context: Context) -> Answer | None:
        """The answer to a query, or to what cannot be executed; None for a subscription."""
        answer: Answer | None = None
        try:
            async with asyncio.timeout(self.endpoint.limits.request_timeout_s):
                results = await self.endpoint.schema.stream(
                    text,
                    variable_values=asked.variables,
                    operation_name=asked.operation_name,
                    context_value=context,
                    allowed_operation_types=[OperationType.QUERY, OperationType.SUBSCRIPTION],
                )
                async with aclosing(results):
                    async for result in results:
                        _require_asking(context)
                        assert isinstance(result, ExecutionResult | PreExecutionError)
                        answer = Answer(body=_body(result))
        except GraphQLError as error:
            return Answer(body={"data": None, "errors": [coded(error)]})
        except TimeoutError:
            raise RequestTimeout(
                "the answer was not complete within the time limit; ask for less at once, or come again later",
                retry_after_s=RETRY_AFTER_S,
            ) from None
        return answer

    def _listened(
        self,
        asked: ChangesAsked | ImpactAsked,
        operation: Operation,
        principal: Principal,
        resume: str | None,
    ) -> Batches:
        if isinstance(asked, ChangesAsked) and resume is not None:
            asked = replace(asked, after=place_asked(resume))

        async def render(roots: Any) -> list[str]:
            # Nothing is kept from one stretch to the next: what a context has read grows old.
            return await answers(self.endpoint.schema, operation, roots, self.endpoint.context(principal))

        def channel() -> Channel:
            if isinstance(asked, ChangesAsked):
                return ChangesChannel(asked.wanted, render)
            return ImpactChannel(asked, self._reader, render)

        # What somebody may see depends on the role.
        key = f"{None if principal.role is None else principal.role.value}\n{operation.key}"
        return self._hub.listen(key, channel, asked.after if isinstance(asked, ChangesAsked) else None)


def _body(result: ExecutionResult | PreExecutionError) -> dict[str, Any]:
    body: dict[str, Any] = {"data": result.data}
    for error in result.errors or ():
        cause = cause_of(error)
        if error.path is None and isinstance(cause, Overloaded | Forbidden):
            raise cause
        body.setdefault("errors", []).append(coded(error))
    if result.extensions:
        body["extensions"] = result.extensions
    return body


def _require_asking(context: Context) -> None:
    """What changes something is not asked here: pages of others can open connections, too."""
    admitted = context.admitted
    if admitted is not None and admitted.operation.operation.value == "mutation":
        raise BadRequest("what changes something is asked with POST, not over a connection that stays open")
