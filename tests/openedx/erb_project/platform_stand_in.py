"""The three functions of the LMS itself that ERB calls, for learners and courses that exist by being named."""

from __future__ import annotations

import sys
from enum import StrEnum
from types import ModuleType, SimpleNamespace
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5


class ExternalIdType(StrEnum):
    """For whom a learner gets a pseudonym."""

    XAPI = "xapi"
    CALIPER = "caliper"
    LTI = "lti"


class ExternalId:
    """The LMS draws a random pseudonym once and keeps it; here it follows from the learner's number."""

    @staticmethod
    def add_new_user_id(user: Any, type_name: str) -> tuple[SimpleNamespace, bool]:
        return SimpleNamespace(external_user_id=pseudonym(user.username, type_name)), False


def pseudonym(learner: str | int, type_name: str = ExternalIdType.XAPI) -> UUID:
    """The account name of this learner's actor."""
    return uuid5(NAMESPACE_URL, f"{type_name}:{learner}")


def get_potentially_retired_user_by_username(username: str) -> SimpleNamespace:
    """Every name is a learner's. ERB asks by the number in an event, and takes it for a name when it finds no user."""
    return SimpleNamespace(username=username, email=f"{username}@learn.alder.example")


def get_course_overviews(course_keys: list[Any]) -> list[dict[str, str]]:
    """Every course exists."""
    return [{"display_name": f"The course {key}"} for key in course_keys]


def install() -> None:
    """Put them where ERB imports them from."""
    modules: dict[str, dict[str, Any]] = {
        "common.djangoapps.student.models": {
            "get_potentially_retired_user_by_username": get_potentially_retired_user_by_username
        },
        "openedx.core.djangoapps.content.course_overviews.api": {"get_course_overviews": get_course_overviews},
        "openedx.core.djangoapps.external_user_ids.models": {
            "ExternalId": ExternalId,
            "ExternalIdType": ExternalIdType,
        },
    }
    for path, contents in modules.items():
        parts = path.split(".")
        for depth in range(1, len(parts) + 1):
            name = ".".join(parts[:depth])
            module = sys.modules.setdefault(name, ModuleType(name))
            module.__path__ = []
        vars(sys.modules[path]).update(contents)
