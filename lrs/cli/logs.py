"""Log lines of the server: on standard error, one event a line, for people or for machines."""

from __future__ import annotations

import logging
import sys

import structlog

from lrs.config import Settings
from lrs.telemetry import REQUEST_ID


def configure_logs(settings: Settings) -> None:
    """Send the lines of ``logging`` and of structlog the same way, in the form that the settings ask for.

    Nothing that comes with a request is logged by the server itself: no URL, no header, no body.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_request_id,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        # The default shows the values of local variables, among which there may be a token.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if settings.log_format == "json" else []),
                last,
            ],
        )
    )
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    # What uvicorn says at its start and end is said on standard output, and better. What it says of websockets would
    # hold their URLs, and when debugging their headers: tokens never reach a log, at whatever level.
    of_uvicorn = logging.getLogger("uvicorn.error")
    of_uvicorn.setLevel("WARNING")
    of_uvicorn.addFilter(_no_warning)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _no_warning(record: logging.LogRecord) -> bool:
    """Make a warning of uvicorn's one of the least severity: each tells of a stranger who does not speak HTTP.

    Anybody can have as many of them written as he likes, by scanning ports for instance, and none is ours to mend.
    """
    if record.levelno == logging.WARNING:
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger().isEnabledFor(logging.DEBUG)
    return True


def _with_request_id(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """``event`` with the id of the request that it happened in, if it did."""
    request_id = REQUEST_ID.get()
    if request_id:
        event.setdefault("request_id", request_id)
    return event
