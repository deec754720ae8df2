"""A Statement that uses every member that 1.0.3 has, and ways to change one thing in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
REMOVED: Any = object()

Path = tuple[str | int, ...]
Json = dict[str, Any]

LEARNER: Json = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.org"}
TEACHER: Json = {"openid": "https://openid.example.org/teacher"}
TEAM: Json = {
    "objectType": "Group",
    "name": "Blue",
    "account": {"homePage": "https://lms.example.org", "name": "blue"},
    "member": [LEARNER, {"mbox_sha1sum": "0123456789abcdef0123456789abcdef01234567"}],
}
ANONYMOUS: Json = {"objectType": "Group", "member": [LEARNER]}
BAD_AGENTS = {
    "no identifier": {"objectType": "Agent", "name": "Ann"},
    "two identifiers": LEARNER | TEACHER,
    "objectType in lower case": LEARNER | {"objectType": "agent"},
    "member in an Agent": LEARNER | {"member": [TEACHER]},
    "mbox without scheme": {"mbox": "ann@example.org"},
    "mbox without address": {"mbox": "mailto:example.org"},
    "mbox with two addresses": {"mbox": "mailto:ann@example.org,bob@example.org"},
    "mbox with header fields": {"mbox": "mailto:ann@example.org?subject=x"},
    "mbox with space": {"mbox": "mailto:ann @example.org"},
    "mbox with empty label": {"mbox": "mailto:ann@example..org"},
    "sha1 of wrong length": {"mbox_sha1sum": "0123456789abcdef"},
    "sha1 with other letters": {"mbox_sha1sum": "g" * 40},
    "openid without scheme": {"openid": "openid.example.org/ann"},
    "openid beyond ASCII": {"openid": "https://openid.example.org/añn"},
    "account without homePage": {"account": {"name": "ann"}},
    "account without name": {"account": {"homePage": "https://lms.example.org"}},
    "account with another member": {"account": {"homePage": "https://lms.example.org", "name": "ann", "id": "1"}},
    "homePage without scheme": {"account": {"homePage": "//lms.example.org", "name": "ann"}},
    "homePage of wrong case": {"account": {"homepage": "https://lms.example.org", "name": "ann"}},
}
COURSE: Json = {
    "objectType": "Activity",
    "id": "https://lms.example.org/course/course-v1:Org+C+2026",
    "definition": {"type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Cooking"}},
}
QUESTION: Json = {
    "objectType": "Activity",
    "id": "https://lms.example.org/xblock/7",
    "definition": {
        "name": {"en": "Question", "zh-Hans-CN": "问题"},
        "description": {"en-US": "Which of these?"},
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "moreInfo": "https://lms.example.org/help#7",
        "interactionType": "choice",
        "correctResponsesPattern": ["a[,]b"],
        "choices": [{"id": "a", "description": {"en": "Salt"}}, {"id": "b"}],
        "extensions": {"https://example.org/x/weight": None},
    },
}
RESULT: Json = {
    "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10.0},
    "success": True,
    "completion": False,
    "response": "a",
    "duration": "PT1M30.5S",
    "extensions": {"https://example.org/x/tries": [1, None, {"deep": {}}]},
}
CONTEXT: Json = {
    "registration": "3f0c1a52-8c55-4f3e-9c53-2b6f0a7c1e11",
    "instructor": TEACHER,
    "team": TEAM,
    "contextActivities": {"parent": [COURSE], "grouping": COURSE, "category": [], "other": [{"id": "urn:x:y"}]},
    "revision": "3",
    "platform": "web",
    "language": "pt-BR",
    "statement": {"objectType": "StatementRef", "id": "8F87CCDE-BB56-4C2E-AB83-44982EF22DF0"},
    "extensions": {"https://example.org/x/session": ""},
}
ATTACHMENT: Json = {
    "usageType": "https://example.org/usage/essay",
    "display": {"en": "Essay"},
    "description": {"en": "What Ann wrote"},
    "contentType": "text/plain; charset=utf-8",
    "length": 27,
    "sha2": "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a",
    "fileUrl": "https://files.example.org/essay",
}
STATEMENT: Json = {
    "id": "fd41c918-b88b-4b20-a0a5-a4c32391aaa0",
    "actor": LEARNER,
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en": "answered"}},
    "object": QUESTION,
    "result": RESULT,
    "context": CONTEXT,
    "timestamp": "2026-11-22T06:02:56.123+01:00",
    "stored": "2026-11-22T05:02:57Z",
    "authority": {"objectType": "Group", "member": [TEACHER, {"mbox": "mailto:app@example.org"}]},
    "version": "1.0.0",
    "attachments": [ATTACHMENT],
}
SUBSTATEMENT: Json = {"objectType": "SubStatement"} | {
    name: STATEMENT[name] for name in ("actor", "verb", "object", "result", "context", "timestamp", "attachments")
}
CONTEXT_AGENT: Json = {
    "objectType": "contextAgent",
    "agent": LEARNER,
    "relevantTypes": ["https://example.org/types/tutor"],
}
CONTEXT_GROUP: Json = {"objectType": "contextGroup", "group": TEAM, "relevantTypes": ["https://example.org/types/team"]}


def changed(value: Any, *path: str | int, to: Any) -> Any:
    """A deep copy of ``value`` with the node at ``path`` set to ``to``, or taken away for ``REMOVED``."""
    made = copy.deepcopy(value)
    if not path:
        return copy.deepcopy(to)
    node = made
    for step in path[:-1]:
        node = node[step]
    if to is REMOVED:
        del node[path[-1]]
    elif path[-1] == "+":
        node.append(copy.deepcopy(to))
    else:
        node[path[-1]] = copy.deepcopy(to)
    return made


WITH_SUBSTATEMENT = changed(STATEMENT, "object", to=SUBSTATEMENT)
WITH_SUBSTATEMENT["context"] = changed(CONTEXT, "revision", to=REMOVED)
del WITH_SUBSTATEMENT["context"]["platform"]


def renamed(value: Any, path: Path, name: str) -> Any:
    """A deep copy of ``value`` in which the member at ``path`` is called ``name``."""
    node = value
    for step in path:
        node = node[step]
    return changed(changed(value, *path, to=REMOVED), *path[:-1], name, to=node)


def name_of(path: Path) -> str:
    """``path`` as the name of a test."""
    return ".".join(map(str, path)) or "$"


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every node of ``value`` with its path, but for what lies inside of extensions."""
    yield path, value
    if isinstance(value, dict):
        for name, part in value.items():
            if path and path[-1] == "extensions":
                continue
            yield from nodes(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from nodes(part, (*path, index))
