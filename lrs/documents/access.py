"""Who may read and write which documents: scopes (Communication 4.2), and the grant."""

from __future__ import annotations

from types import MappingProxyType

from lrs.auth.principal import Principal
from lrs.auth.scopes import PROFILE, PROFILE_READ, STATE, STATE_READ
from lrs.documents.documents import Context, Kind
from lrs.errors import Forbidden
from lrs.xapi.courses import course_key

READING = MappingProxyType(
    {Kind.STATE: STATE_READ, Kind.AGENT_PROFILE: PROFILE_READ, Kind.ACTIVITY_PROFILE: PROFILE_READ}
)
"""The permission that reading each kind of document asks for."""

WRITING = MappingProxyType({Kind.STATE: STATE, Kind.AGENT_PROFILE: PROFILE, Kind.ACTIVITY_PROFILE: PROFILE})
"""The scope that writing each kind of document asks for."""


def courses_of(context: Context) -> frozenset[str]:
    """The course that the documents of ``context`` belong to, as a grant compares it; empty for an agent profile.

    An activity that holds no course key may be a course known by its IRI, so it stands for itself.
    """
    if context.activity is None:
        return frozenset()
    return frozenset({course_key(context.activity) or context.activity})


def may_see(principal: Principal, context: Context) -> bool:
    """Whether the grant covers ``context``; if not, its documents are as absent as those that don't exist."""
    grant = principal.grant
    return grant.permits(courses_of(context)) and grant.restrictions.cover_agent(context.agent)


def require_write(principal: Principal, context: Context) -> None:
    """Forbidden unless the grant covers ``context``, whether or not it holds any document."""
    if not may_see(principal, context):
        what = "agent profiles" if context.activity is None else f"documents of {context.activity}"
        raise Forbidden(f"{what} are outside the grant of {principal.consumer}")
