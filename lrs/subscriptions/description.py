"""What the stream is, for programs: an AsyncAPI 3 description, with the JSON Schema of every frame.

``asyncapi.json`` is the one place where frames are described by members; tests hold every frame that is sent, and every
frame that is taken, to it.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import orjson

from lrs.config import Settings


@cache
def document() -> dict[str, Any]:
    """The description, as if the server were at localhost. Shared: never change it."""
    found: dict[str, Any] = orjson.loads((files("lrs.subscriptions") / "asyncapi.json").read_bytes())
    return found


def description(settings: Settings) -> dict[str, Any]:
    """The description of the stream at its public address."""
    found = deepcopy(document())
    public = urlsplit(settings.public_url)
    for server in found["servers"].values():
        server["host"] = public.netloc
        server["pathname"] = public.path.rstrip("/") + settings.base.rstrip("/")
        server["protocol"] += public.scheme.removeprefix("http")
    return found


def payload_schema(message: str) -> dict[str, Any]:
    """The JSON Schema (draft 7) of the payload of ``message``, with all that it refers to.

    Messages are named as the types of frames; ``changes`` is the answer of the long poll.
    """
    schemas = document()["components"]["schemas"]
    return {
        "$ref": document()["components"]["messages"][message]["payload"]["$ref"],
        "components": {"schemas": schemas},
    }
