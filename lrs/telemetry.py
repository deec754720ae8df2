"""The names under which the running server tells of itself."""

from __future__ import annotations

import structlog

logger: structlog.stdlib.BoundLogger = structlog.get_logger("lrs")
"""Structured log; fields are never secrets, tokens, Authorization headers or learner data."""
