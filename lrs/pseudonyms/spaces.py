"""The ports behind pseudonyms: the secrets of spaces, who was looked up, and which learners there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Known(NamedTuple):
    """A pseudonym and whose it is: the canonical IFI of a learner."""

    space: str
    pseudonym: str
    name: str


class Learners(Protocol):
    """Everybody who stands in a statement, in the order in which they became known."""

    def after(self, number: int, limit: int) -> Sequence[tuple[int, str]]:
        """The next ``limit`` after ``number``: numbers, which grow, and canonical IFIs. Some may come twice."""


class Spaces(Protocol):
    """Keeps spaces. What it knows of learners is made from secrets and statements, and is there to be found quickly."""

    def secret(self, space: str) -> bytes:
        """The secret of ``space``; made when it is asked for the first time, and never changed."""

    def names(self) -> Sequence[str]:
        """All spaces that have a secret."""

    def name(self, space: str, pseudonym: str) -> str | None:
        """Whose ``pseudonym`` is, as far as that was kept."""

    def keep(self, found: Sequence[Known]) -> None:
        """Keep whose pseudonyms these are."""

    def looked_through(self, space: str) -> int:
        """The number of the last learner whose pseudonym was kept."""

    def look_through(self, space: str, number: int, found: Sequence[Known]) -> None:
        """Keep ``found``, and that all learners up to ``number`` are among what is kept."""

    def forget(self, name: str) -> None:
        """Keep nothing of the learner with this canonical IFI."""
