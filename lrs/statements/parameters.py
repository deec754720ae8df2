"""The parameters of GET statements, from text to what they mean (Communication 2.1.3, 9274.1.1 4.1.6.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from lrs.auth.grants import course_key
from lrs.errors import InvalidParameter, InvalidStatement, MalformedJson
from lrs.limits import Limits
from lrs.statements import keys
from lrs.statements.log import Selection
from lrs.statements.match import Filter
from lrs.statements.record import StatementId
from lrs.xapi.actors import ifi
from lrs.xapi.decode import decode_json
from lrs.xapi.iris import is_iri
from lrs.xapi.timestamps import parse_timestamp
from lrs.xapi.validate import check_agent

FORMATS = ("exact", "ids", "canonical")
# With one statement asked for by id, only these may stand beside (Communication 2.1.3).
_BESIDE_ID = frozenset({"statementId", "voidedStatementId", "format", "attachments"})
_ONCE = frozenset(
    {
        "statementId", "voidedStatementId", "agent", "verb", "activity", "registration", "related_activities",
        "related_agents", "since", "until", "limit", "format", "attachments", "ascending", "more",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """What a GET asks for: one statement by id, or a selection of them; and in which form."""

    selection: Selection
    statement_id: StatementId | None = None
    voided: bool = False
    format: str = "exact"
    attachments: bool = False


def parse_query(parameters: Iterable[tuple[str, str]], limits: Limits) -> StatementQuery:
    """The query in ``parameters``, names and values as decoded from the URL.

    ``course`` is ours, beside the standard, and may be repeated: statements that name any of them. InvalidParameter
    for an unknown or repeated name (they are case-sensitive), a malformed value, and parameters that can't be combined.
    """
    given: dict[str, str] = {}
    courses: list[str] = []
    for name, value in parameters:
        if name == "course":
            courses.append(value)
        elif name not in _ONCE:
            raise InvalidParameter(f"unknown parameter {name!r}; names are case-sensitive")
        elif name in given:
            raise InvalidParameter(f"parameter {name} is given more than once")
        else:
            given[name] = value
    form = given.get("format", "exact")
    if form not in FORMATS:
        raise InvalidParameter(f"format={form!r} must be one of {', '.join(FORMATS)}")
    attachments = _boolean(given, "attachments")
    query = StatementQuery(_selection(given, courses, limits), format=form, attachments=attachments)
    wanted = [name for name in ("statementId", "voidedStatementId") if name in given]
    if not wanted:
        return query
    extra = (given.keys() - _BESIDE_ID) | ({"course"} if courses else set()) | set(wanted[1:])
    if extra:
        raise InvalidParameter(f"{wanted[0]} can't be combined with {', '.join(sorted(extra))}")
    return replace(query, statement_id=parse_id(given, wanted[0]), voided=wanted[0] == "voidedStatementId")


def _selection(given: dict[str, str], courses: list[str], limits: Limits) -> Selection:
    members = []
    if "agent" in given:
        kinds = (keys.AGENT, keys.RELATED_AGENT) if _boolean(given, "related_agents") else (keys.AGENT,)
        members.append(frozenset(kind + _agent(given["agent"], limits) for kind in kinds))
    else:
        _boolean(given, "related_agents")
    if "verb" in given:
        members.append(frozenset({keys.VERB + _iri(given, "verb")}))
    related = _boolean(given, "related_activities")
    if "activity" in given:
        kinds = (keys.ACTIVITY, keys.RELATED_ACTIVITY) if related else (keys.ACTIVITY,)
        members.append(frozenset(kind + _iri(given, "activity") for kind in kinds))
    if "registration" in given:
        members.append(frozenset({keys.REGISTRATION + str(_uuid(given, "registration"))}))
    if courses:
        if len(courses) > limits.query_values_max:
            raise InvalidParameter(f"course is given more than {limits.query_values_max} times")
        members.append(frozenset(keys.COURSE + course_key(course) for course in courses))
    return Selection(
        filter=Filter.of(*members),
        ascending=_boolean(given, "ascending"),
        since_us=_timestamp(given, "since"),
        until_us=_timestamp(given, "until"),
        limit=_limit(given, limits),
        bytes_max=limits.page_bytes_max,
    )


def parse_id(given: dict[str, str], name: str) -> StatementId:
    """The statement id in parameter ``name``; InvalidParameter when it is not a UUID."""
    return StatementId(_uuid(given, name).bytes)


def _parsed(name: str, value: str, what: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(value)
    except ValueError:
        raise InvalidParameter(f"{name}={value!r} is not {what}") from None


def _uuid(given: dict[str, str], name: str) -> UUID:
    value = given[name]
    # UUID() also takes braces, missing hyphens and urn:uuid:, which the standard's form has not.
    if len(value) != 36 or value[8] != "-" or value[13] != "-" or value[18] != "-" or value[23] != "-":
        raise InvalidParameter(f"{name}={value!r} is not a UUID")
    return UUID(hex=_parsed(name, value, "a UUID", lambda text: UUID(text).hex))


def _iri(given: dict[str, str], name: str) -> str:
    value = given[name]
    if not is_iri(value):
        raise InvalidParameter(f"{name}={value!r} is not an absolute IRI")
    return value


def _boolean(given: dict[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidParameter(f"{name}={value!r} must be true or false")
    return value == "true"


def _timestamp(given: dict[str, str], name: str) -> int | None:
    if name not in given:
        return None
    moment: int = _parsed(name, given[name], "an ISO 8601 timestamp", parse_timestamp)
    return moment


def _limit(given: dict[str, str], limits: Limits) -> int:
    """The page size: 0 is for as many as the server allows (Communication 2.1.3)."""
    if "limit" not in given:
        return limits.page_statements_default
    text = given["limit"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidParameter(f"limit={text!r} is not a whole number of 0 or more")
    return min(int(text) or limits.page_statements_max, limits.page_statements_max)


def _agent(text: str, limits: Limits) -> str:
    """The IFI of the Agent or Identified Group given as JSON."""
    try:
        agent = decode_json(text.encode(), depth_max=limits.json_depth_max)
        check_agent(agent, "agent")
    except (MalformedJson, InvalidStatement) as error:
        raise InvalidParameter(f"agent: {error.message}", problems=error.problems) from None
    name = ifi(agent)
    if name is None:
        raise InvalidParameter("agent must have an identifier: mbox, mbox_sha1sum, openid or account")
    return name
