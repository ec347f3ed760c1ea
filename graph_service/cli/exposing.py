"""From the settings to how the API is exposed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph_service.cli.places import page_operations, saved_folder
from graph_service.core.errors import BadSettings
from graph_service.settings import Settings

if TYPE_CHECKING:
    from graph_service.api.exposure import Exposure
    from graph_service.api.security.access import Access
    from graph_service.api.security.roles import Role

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def need_access(settings: Settings, *, local: bool = False) -> Settings:
    """The settings, if they say who is let in. `local`: on an address of this machine alone, everybody is, where nothing else is said.

    Raises:
        BadSettings: they do not.
    """
    if settings.insecure or settings.api_keys_file is not None or settings.jwt_jwks is not None:
        return settings
    if local and settings.host in LOOPBACK:
        return settings.model_copy(update={"insecure": True})
    raise BadSettings(
        "the API would let everybody in: set api_keys_file (keys come from `graph-service api-key`), or jwt_jwks with jwt_issuer and "
        "jwt_audience, or pass --insecure where only those reach it who may see everything"
    )


def access_of(settings: Settings) -> Access:
    """Who is let in.

    Raises:
        BadSettings: keys or tokens cannot be checked with what the settings name, or nothing is named.
    """
    from graph_service.api.security.access import Insecure, Secured
    from graph_service.api.security.jwks import KeySet
    from graph_service.api.security.keys import ApiKeys
    from graph_service.api.security.roles import Role
    from graph_service.api.security.tokens import TokenRules, Tokens

    found = need_access(settings)
    if found.insecure:
        return Insecure(Role(found.insecure_role))
    keys = None if found.api_keys_file is None else ApiKeys(found.api_keys_file)
    tokens = None
    if found.jwt_jwks is not None:
        roles = {"roles": _roles(found.jwt_roles)} if found.jwt_roles else {}
        rules = TokenRules(
            issuer=found.jwt_issuer or "",
            audience=found.jwt_audience or "",
            algorithms=found.jwt_algorithms,
            leeway_s=found.jwt_leeway_s,
            role_claim=found.jwt_role_claim,
            **roles,
        )
        tokens = Tokens(KeySet(found.jwt_jwks), rules)
    return Secured(keys, tokens)


def _roles(words: tuple[str, ...]) -> dict[str, Role]:
    from graph_service.api.security.roles import Role

    found = {}
    for word in words:
        name, _, role = word.rpartition("=")
        if not name or role not in {one.value for one in Role}:
            raise BadSettings(f"jwt_roles: {word!r} is not name=role with one of reader, operator, eraser")
        found[name] = Role(role)
    return found


def exposure_of(settings: Settings) -> Exposure:
    """Everything else about how the API meets the world.

    Raises:
        BadSettings: a folder or file that is named cannot be used.
    """
    from graph_service.api.audit import audit_to_file, audit_to_log
    from graph_service.api.exposure import Exposure
    from graph_service.api.kept import Kept
    from graph_service.api.limits.bounds import Limits
    from graph_service.api.live.limits import LiveLimits
    from graph_service.api.security.doors import LOOPBACK_HOSTS, Doors
    from graph_service.api.security.roles import Audience

    def limits_of(kind: type[Any]) -> dict[str, Any]:
        names = kind.__dataclass_fields__.keys() & type(settings).model_fields.keys()
        return {name: getattr(settings, name) for name in names}

    folders: list[Path] = [saved_folder()]
    if settings.persisted_folder is not None:
        folders.append(settings.persisted_folder)
    # What anybody may ask is kept to this machine's own names: a page whose name was bent to it must not ask.
    own = (*LOOPBACK_HOSTS, settings.host) if settings.insecure else ()
    hosts = tuple(name.lower() for name in (*own, *settings.hosts))
    return Exposure(
        limits=Limits(**limits_of(Limits)),
        live=LiveLimits(**limits_of(LiveLimits)),
        doors=Doors(
            cors_origins=tuple(origin.lower() for origin in settings.cors_origins),
            frame_ancestors=settings.frame_ancestors,
            embed_origins=tuple(origin.lower() for origin in settings.embed_origins),
            hosts=hosts,
        ),
        introspection=Audience.of(settings.introspection),
        pages=Audience.of(settings.pages),
        kept=Kept.load(*folders, only=settings.persisted_only, pages=page_operations()),
        audit=audit_to_log() if settings.audit_file is None else audit_to_file(settings.audit_file),
        fast=settings.fast_execution,
    )
