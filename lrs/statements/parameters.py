"""The parameters of GET statements, from text to what they mean (Communication 2.1.3, 9274.1.1 4.1.6.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from lrs.auth.grants import course_key
from lrs.door import parameters
from lrs.errors import InvalidParameter
from lrs.limits import Limits
from lrs.statements import keys
from lrs.statements.log import Selection
from lrs.statements.match import Filter
from lrs.statements.record import StatementId
from lrs.xapi.actors import ifi

FORMATS = ("exact", "ids", "canonical")
BEGINNING = "beginning"
"""In place of a cursor: after nothing, so everything."""

# With one statement asked for by id, only these may stand beside (Communication 2.1.3).
_BESIDE_ID = frozenset({"statementId", "voidedStatementId", "format", "attachments"})
_ONCE = frozenset(
    {
        "statementId", "voidedStatementId", "agent", "verb", "activity", "registration", "related_activities",
        "related_agents", "since", "until", "limit", "format", "attachments", "ascending", "more", "after",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """What a GET asks for: one statement by id, or a selection of them; and in which form.

    ``after``: a cursor or ``BEGINNING``; the selection is then read in the order of arrival, from there on.
    """

    selection: Selection
    after: str | None = None
    statement_id: StatementId | None = None
    voided: bool = False
    format: str = "exact"
    attachments: bool = False


def parse_query(pairs: Iterable[tuple[str, str]], limits: Limits) -> StatementQuery:
    """The query in ``pairs``, names and values as decoded from the URL.

    Two are ours, beside the standard: ``course``, which may be repeated, for statements that name any of them, and
    ``after``, a cursor. InvalidParameter for an unknown or repeated name (they are case-sensitive), a malformed value,
    and parameters that can't be combined.
    """
    pairs = list(pairs)
    courses = [value for name, value in pairs if name == "course"]
    given = parameters.once([pair for pair in pairs if pair[0] != "course"], _ONCE)
    form = given.get("format", "exact")
    if form not in FORMATS:
        raise InvalidParameter(f"format={form!r} must be one of {', '.join(FORMATS)}")
    attachments = _boolean(given, "attachments")
    _check_after(given)
    selection = _selection(given, courses, limits)
    query = StatementQuery(selection, after=given.get("after"), format=form, attachments=attachments)
    wanted = [name for name in ("statementId", "voidedStatementId") if name in given]
    if not wanted:
        return query
    extra = (given.keys() - _BESIDE_ID) | ({"course"} if courses else set()) | set(wanted[1:])
    if extra:
        raise InvalidParameter(f"{wanted[0]} can't be combined with {', '.join(sorted(extra))}")
    return replace(query, statement_id=parse_id(given, wanted[0]), voided=wanted[0] == "voidedStatementId")


def _check_after(given: Mapping[str, str]) -> None:
    """A cursor is an exact place in an order of its own, which is ascending."""
    if "after" not in given:
        return
    for name in ("since", "until"):
        if name in given:
            raise InvalidParameter(f"after and {name} can't be combined")
    if given.get("ascending", "true") != "true":
        raise InvalidParameter("after goes with ascending=true only, which it implies")


def _selection(given: dict[str, str], courses: list[str], limits: Limits) -> Selection:
    members = []
    related_agents = _boolean(given, "related_agents")
    if "agent" in given:
        kinds = (keys.AGENT, keys.RELATED_AGENT) if related_agents else (keys.AGENT,)
        agent = ifi(parameters.agent(given, "agent", depth_max=limits.json_depth_max, groups=True))
        members.append(frozenset(f"{kind}{agent}" for kind in kinds))
    if "verb" in given:
        members.append(frozenset({keys.VERB + parameters.iri(given, "verb")}))
    related_activities = _boolean(given, "related_activities")
    if "activity" in given:
        kinds = (keys.ACTIVITY, keys.RELATED_ACTIVITY) if related_activities else (keys.ACTIVITY,)
        members.append(frozenset(kind + parameters.iri(given, "activity") for kind in kinds))
    if "registration" in given:
        members.append(frozenset({f"{keys.REGISTRATION}{parameters.uuid(given, 'registration')}"}))
    if courses:
        if len(courses) > limits.query_values_max:
            raise InvalidParameter(f"course is given more than {limits.query_values_max} times")
        members.append(frozenset(keys.COURSE + course_key(course) for course in courses))
    return Selection(
        filter=Filter.of(*members),
        ascending=_boolean(given, "ascending"),
        since_us=parameters.timestamp_us(given, "since"),
        until_us=parameters.timestamp_us(given, "until"),
        limit=_limit(given, limits),
        bytes_max=limits.page_bytes_max,
    )


def parse_uuid(given: Mapping[str, str], name: str) -> UUID:
    """The UUID in parameter ``name``; InvalidParameter when there is none."""
    found = parameters.uuid(given, name)
    if found is None:
        raise InvalidParameter(f"parameter {name} is missing")
    return found


def parse_id(given: Mapping[str, str], name: str) -> StatementId:
    """The statement id in parameter ``name``; InvalidParameter when it is not a UUID."""
    return StatementId(parse_uuid(given, name).bytes)


def _boolean(given: dict[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in ("true", "false"):
        raise InvalidParameter(f"{name}={value!r} must be true or false")
    return value == "true"


def _limit(given: dict[str, str], limits: Limits) -> int:
    """The page size: 0 is for as many as the server allows (Communication 2.1.3)."""
    if "limit" not in given:
        return limits.page_statements_default
    text = given["limit"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidParameter(f"limit={text!r} is not a whole number of 0 or more")
    return min(int(text) or limits.page_statements_max, limits.page_statements_max)
