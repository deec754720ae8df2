"""A few rounds of ``python -m tests.faults.kill``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.faults.kill import play

ROUNDS = 3


def test_nothing_is_lost_doubled_or_halved_when_the_server_is_killed(tmp_path: Path, seed: int) -> None:
    tally = play(tmp_path / "data", rounds=ROUNDS, seed=seed, told=sys.stdout.write)
    assert tally.rounds == ROUNDS
    assert tally.answered
    assert tally.unanswered
    assert tally.backups
