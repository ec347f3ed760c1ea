"""The settings about how the API is exposed: who is let in, what they may see, and what a request may cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_settings import NoDecode

Words = Annotated[tuple[str, ...], NoDecode]
Origin = Annotated[str, Field(pattern=r"^https?://[\w.:\[\]-]+$")]
Origins = Annotated[tuple[Origin, ...], NoDecode]
Audience = Literal["nobody", "reader", "operator", "eraser", "everybody"]
RoleName = Literal["reader", "operator", "eraser"]

LISTS = ("jwt_algorithms", "jwt_roles", "cors_origins", "frame_ancestors", "embed_origins", "hosts")
"""Names of the settings here that are lists."""


class ApiSettings(BaseModel):
    """A part of `Settings`."""

    insecure: bool = Field(
        False,
        description="Let everybody in who reaches the API. For local use: there is no log-in, and no limit on cost over time.",
    )
    insecure_role: RoleName = Field(
        "reader", description="With insecure: what everybody may do: reader, operator or eraser."
    )
    api_keys_file: Path | None = Field(
        None,
        description="File of API keys, as `graph-service api-key` prints them; read again when it changes.",
    )
    jwt_jwks: str | None = Field(
        None,
        min_length=1,
        description="Address (https) or file of the JSON Web Key Set that tokens are signed with.",
    )
    jwt_issuer: str | None = Field(None, min_length=1, description="The `iss` that tokens must have.")
    jwt_audience: str | None = Field(None, min_length=1, description="The `aud` that tokens must have.")
    jwt_algorithms: Words = Field(
        ("RS256", "ES256"), description="Signatures that are accepted; asymmetric ones only."
    )
    jwt_leeway_s: float = Field(30.0, ge=0, le=300, description="How far clocks of issuers may be off.")
    jwt_role_claim: str = Field(
        "role", min_length=1, description="Claim with the role, or several; dots lead into objects."
    )
    jwt_roles: Words = Field(
        (), description="What the claim calls roles, as name=role; none: reader, operator, eraser."
    )

    introspection: Audience = Field(
        "reader",
        description="Who may ask for the schema and sees suggestions: nobody, a role, or everybody who is let in.",
    )
    pages: Audience = Field(
        "reader",
        description="Who sees GraphiQL, docs and schema: nobody, a role, or everybody, without log-in. The explorer asks for a key itself, and is "
        "there unless it is nobody.",
    )
    cors_origins: Origins = Field(
        (), description="Origins whose pages may ask from a browser, such as https://portal.example.org."
    )
    frame_ancestors: Origins = Field((), description="Origins whose pages may show ours in a frame.")
    embed_origins: Origins = Field(
        (), description="Origins whose pages may show /embed in a frame, and talk to it; none: nobody's."
    )
    hosts: Words = Field(
        (),
        description="Names the API may be asked under; none: any, and with insecure those of this machine only.",
    )

    persisted_folder: Path | None = Field(
        None,
        description="Folder of documents (.graphql, or manifests in .json) that requests may name by hash.",
    )
    persisted_only: bool = Field(
        False,
        description="Execute only documents of that folder, and those that come with the service and its pages.",
    )
    audit_file: Path | None = Field(
        None, description="File for the audit line of each operation; none: the log, at level info."
    )

    fast_execution: bool = Field(
        True,
        description="Write answers by compiled plans where that can be done; off only to look for mistakes.",
    )

    body_bytes_max: int = Field(1_000_000, ge=1_000, le=64_000_000, description="Largest request body.")
    query_tokens_max: int = Field(1_500, ge=10, le=100_000, description="Tokens of a document.")
    query_depth_max: int = Field(15, ge=1, le=100, description="Levels of fields in each other.")
    query_aliases_max: int = Field(30, ge=0, description="Aliases of a document, fragments wherever spread.")
    query_directives_max: int = Field(50, ge=0, description="Directives of a document, counted likewise.")
    query_fields_max: int = Field(1_000, ge=1, description="Fields of a document, counted likewise.")
    query_cost_max: int = Field(
        20_000, ge=1, description="Objects that one operation may come to, as its arguments say."
    )
    cost_per_s: int = Field(5_000, ge=1, description="Cost that each principal may ask for per second.")
    cost_burst: int = Field(
        60_000, ge=1, description="Cost that a principal who was silent may ask for at once."
    )
    requests_at_once_max: int = Field(16, ge=1, le=1_000, description="Requests executed at once.")
    requests_waiting_max: int = Field(64, ge=0, le=10_000, description="Requests that may wait for that.")
    request_timeout_s: float = Field(30.0, gt=0, le=600, description="Longest time for one answer.")
    read_timeout_s: float = Field(
        10.0, gt=0, le=600, description="Longest read in Neo4j, which ends it itself."
    )

    connections_max: int = Field(
        1_000, ge=0, le=100_000, description="WebSockets and event streams that are open at once."
    )
    subscriptions_per_connection_max: int = Field(
        20, ge=1, le=1_000, description="Operations at once over one WebSocket."
    )
    channels_max: int = Field(
        200, ge=1, le=100_000, description="Different subscriptions at once; who asks the same shares one."
    )
    connection_init_timeout_s: float = Field(
        10.0, gt=0, le=600, description="How long a WebSocket may take to say who it is."
    )
    subscriber_queue_max: int = Field(
        2_000, ge=1, le=100_000, description="Messages that wait for one subscriber before it is cut off."
    )
    changes_poll_ms: int = Field(
        200, ge=10, le=60_000, description="How often subscriptions look for changes in Neo4j."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """What cannot be together, or is of no use alone."""
        ways = [name for name in ("api_keys_file", "jwt_jwks") if getattr(self, name) is not None]
        if self.insecure and ways:
            raise ValueError(f"insecure and {' and '.join(ways)} are both given; leave one out")
        for name in ("jwt_issuer", "jwt_audience"):
            if (getattr(self, name) is None) != (self.jwt_jwks is None):
                raise ValueError(
                    f"jwt_jwks, jwt_issuer and jwt_audience belong together; {name} does not fit the others"
                )
        if self.cost_burst < self.query_cost_max:
            raise ValueError(
                f"cost_burst {self.cost_burst} is below query_cost_max {self.query_cost_max}: what one operation may cost could never be asked"
            )
        return self
