"""All limits of what stays open, with their defaults. The names are those of the settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLimits:
    """Of one process."""

    #: WebSockets and event streams together.
    connections_max: int = 1000
    #: Operations at once over one WebSocket.
    subscriptions_per_connection_max: int = 20
    #: Subscriptions that are not the same: each change is made into a message once for each of them.
    channels_max: int = 200
    #: How long a WebSocket may take to say who it is.
    connection_init_timeout_s: float = 10.0
    #: Messages that wait for one subscriber; with more it is cut off.
    subscriber_queue_max: int = 2000
    #: How long one subscriber may take to receive what it is sent at once, and an event stream to receive anything.
    send_timeout_s: float = 30.0
    #: How often the graph is asked whether something has changed.
    changes_poll_ms: int = 200
    #: How often an event stream says that it is alive, and credentials are looked at again.
    keepalive_s: float = 10.0
