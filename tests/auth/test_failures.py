"""Credentials that were not good are counted by reason, and nothing else is."""

from __future__ import annotations

import pytest

from lrs.auth.failures import MISSING, Failures
from lrs.errors import Forbidden, InsufficientScope, LrsError, TokenExpired, TokenRevoked, Unauthenticated


@pytest.mark.parametrize(
    ("error", "offered", "reasons"),
    [
        (Unauthenticated("x"), False, {MISSING: 1}),
        (Unauthenticated("x"), True, {"invalid_token": 1}),
        (TokenExpired("x"), True, {"token_expired": 1}),
        (TokenRevoked("x"), True, {"token_revoked": 1}),
        (InsufficientScope("x", scope="stream"), True, {"insufficient_scope": 1}),
        (Forbidden("x"), True, {}),
        (LrsError("x"), True, {}),
    ],
)
def test_reasons(error: LrsError, offered: bool, reasons: dict[str, int]) -> None:
    failures = Failures()
    failures.note(error, offered=offered)
    assert failures.by_reason == reasons
