"""What of a Statement is stored otherwise than it was sent, because every reader may expect it so."""

from __future__ import annotations

import re
from typing import Any

from lrs.xapi.timestamps import format_us, parse_timestamp

_UTC_TO_MILLISECONDS = re.compile(r"[^.,]*\.[0-9]{3,}(?:Z|\+00:00)")


def normalise(statement: dict[str, Any]) -> None:
    """Change a valid Statement in place, and the SubStatement in it.

    * A single Activity in contextActivities becomes an array of one (Data 2.4.6.2).
    * A timestamp that is not in UTC, or has less than three digits after the second, is written anew in UTC with six
      (Data 4.5); the instant stays the same (Data 2.3.1). Others stay as they are.
    """
    _normalise_part(statement)
    target = statement["object"]
    if target.get("objectType") == "SubStatement":
        _normalise_part(target)


def _normalise_part(part: dict[str, Any]) -> None:
    timestamp = part.get("timestamp")
    if timestamp is not None and _UTC_TO_MILLISECONDS.fullmatch(timestamp) is None:
        part["timestamp"] = format_us(parse_timestamp(timestamp))
    context = part.get("context")
    activities = context.get("contextActivities") if context else None
    if activities:
        for name, value in activities.items():
            if isinstance(value, dict):
                activities[name] = [value]
