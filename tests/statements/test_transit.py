"""What is to be appended arrives as it left."""

from __future__ import annotations

from lrs.statements.record import Append, Attachment, SetAside
from lrs.statements.transit import packed, unpacked
from tests.samples import draft, statement, voiding


def test_every_member_of_a_job_arrives() -> None:
    named = Attachment("$.attachments[0]", "A" * 64, "text/plain", elsewhere=True, came=True)
    made = statement()
    drafts = [
        draft(made)._replace(attachments=(named,)),
        draft(voiding(made["id"]))._replace(event_key=b"0123456789abcdef", lacks_timestamp=True),
    ]
    aside = SetAside(b"{", b"[]", "lms", "1.0.3")
    job = packed(Append(drafts, lenient=True, set_aside=(aside,)))
    assert unpacked(job) == Append(drafts, lenient=True, set_aside=(aside,))
    assert (job.size, job.attached) == (3, True)


def test_what_asks_for_nothing_arrives_too() -> None:
    assert unpacked(packed(Append([]))) == Append([])


def test_a_job_that_is_packed_already_stays_as_it_is() -> None:
    job = packed(Append([draft(statement())]))
    assert packed(job) is job
    assert (job.size, job.attached) == (1, False)


def test_a_job_that_was_never_packed_needs_no_unpacking() -> None:
    job = Append([draft(statement())])
    assert unpacked(job) is job
