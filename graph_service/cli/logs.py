"""What is logged, and how: lines for people on a terminal, JSON for machines. Always to standard error."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def set_up_logs(format: str, level: str) -> None:
    """`format`: auto, console or json. `level`: debug, info, warning or error."""
    as_console = format == "console" or (format == "auto" and sys.stderr.isatty())
    render: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if as_console or format == "auto"
        else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, render]
        if not as_console
        else [*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    # Hints about queries, for developers only.
    logging.getLogger("neo4j.notifications").setLevel(logging.ERROR)
    if number > logging.DEBUG:
        # The client reports each lost connection many times over; the ingester says it once.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
