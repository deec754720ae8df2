"""Where documents can be."""

from __future__ import annotations

import json
from uuid import uuid4

from tests.samples import agent

DOCUMENTS = ("activities/state", "activities/profile", "agents/profile")


def place(resource: str) -> dict[str, str]:
    """Parameters of a document of its own."""
    params = {"stateId" if resource == "activities/state" else "profileId": str(uuid4())}
    if resource != "agents/profile":
        params["activityId"] = "https://x.org/activities/1"
    if resource != "activities/profile":
        params["agent"] = json.dumps(agent())
    return params
