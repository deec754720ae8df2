from __future__ import annotations

from collections.abc import Iterator

import pytest

from lrs.errors import ConfigError, Forbidden, LrsError
from lrs.subscriptions.closing import CLOSINGS, FORBIDDEN, Closing, closing_for, reason_text


def every_error(root: type[LrsError] = LrsError) -> Iterator[type[LrsError]]:
    yield root
    for child in root.__subclasses__():
        yield from every_error(child)


@pytest.mark.parametrize("error", [e for e in every_error() if e is not ConfigError], ids=lambda e: e.__name__)
def test_every_error_that_can_end_a_connection_has_its_row(error: type[LrsError]) -> None:
    assert error.close_code in CLOSINGS


@pytest.mark.parametrize("closing", CLOSINGS.values(), ids=lambda closing: closing.name)
def test_the_range_of_a_code_tells_whether_to_come_again(closing: Closing) -> None:
    if closing.code >= 4000:
        assert closing.again is (closing.code < 4500)


def test_names_are_unique() -> None:
    assert len({closing.name for closing in CLOSINGS.values()}) == len(CLOSINGS)


def test_an_error_chooses_its_closing() -> None:
    assert closing_for(Forbidden("no")) is FORBIDDEN


def test_a_reason_is_cut_to_what_a_control_frame_holds_and_stays_text() -> None:
    """RFC 6455 5.5."""
    reason = reason_text(FORBIDDEN, "é" * 200)
    assert reason.startswith("forbidden: é")
    assert 122 <= len(reason.encode()) <= 123
