"""What was erased while somebody is subscribed is told to those who may have seen it."""

from __future__ import annotations

from uuid import UUID, uuid4

from lrs.auth.grants import UNRESTRICTED, Grant
from lrs.statements.match import Visibility
from lrs.statements.record import Position, Record, StatementId
from lrs.subscriptions.hub.erased import KEPT, TOLD_AT_ONCE, Erased
from tests.samples import ANSWERED, COURSE_A, COURSE_B

ALL = Visibility(UNRESTRICTED)


def left(course: str = COURSE_A, verb: str | None = ANSWERED) -> Record:
    """What is left of a statement."""
    keys = {"w1", f"k{course}"} | ({f"v{verb}"} if verb else set())
    return Record(Position(1), StatementId(uuid4().bytes), 0, frozenset(keys), frozenset({course}), b"{}")


def text(record: Record) -> str:
    return str(UUID(bytes=record.id))


def test_each_is_told_once_and_in_order() -> None:
    erased = Erased()
    first, second = left(), left()
    erased.add([(1, first)])
    erased.add([(2, second)])
    assert erased.since(0, ALL) == ([text(first), text(second)], 2)
    assert erased.since(1, ALL) == ([text(second)], 2)
    assert erased.since(2, ALL) == ([], 2)


def test_of_what_a_grant_did_not_cover_no_id_is_told() -> None:
    erased = Erased()
    here, there, asked, old = left(), left(COURSE_B), left(verb="http://example.com/asked"), left(verb=None)
    erased.add([(number, one) for number, one in enumerate((here, there, asked, old), 1)])
    grant = Grant.from_json({"courses": [COURSE_A], "verbs": [ANSWERED]})
    assert erased.since(0, Visibility(grant)) == ([text(here), text(old)], 4)
    assert erased.since(0, Visibility(UNRESTRICTED, writer=2)) == ([], 4)


def test_they_come_in_bounded_frames_and_only_the_newest_are_kept() -> None:
    erased = Erased()
    made = [(number, left()) for number in range(1, KEPT + 3)]
    erased.add(made)
    ids, at = erased.since(0, ALL)
    assert ids == [text(one) for _, one in made[2 : 2 + TOLD_AT_ONCE]]
    ids, at = erased.since(at, ALL)
    assert ids[0] == text(made[2 + TOLD_AT_ONCE][1])
