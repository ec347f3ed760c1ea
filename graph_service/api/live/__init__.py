"""What stays open: subscriptions over WebSocket and server-sent events, fed from the change log (docs/adr/0024-live-feed.md)."""
