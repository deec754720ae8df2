"""Who is to be erased, and where else than in the keys of statements that stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lrs.errors import InvalidParameter
from lrs.xapi.actors import identified, identifier

IDENTIFIERS_MAX = 100


@dataclass(frozen=True, slots=True)
class Learner:
    """One person by all identifiers that are known of it: canonical ones, see ``lrs.xapi.actors.ifi``."""

    identifiers: tuple[str, ...]

    @classmethod
    def of(cls, agents: Any) -> Learner:
        """The person that an Agent, or each Agent of a list, identifies; InvalidParameter.

        A mailbox stands for its hash too, under which the same person may have been stored.
        """
        given = agents if isinstance(agents, (list, tuple)) else [agents]
        if not 1 <= len(given) <= IDENTIFIERS_MAX:
            raise InvalidParameter(f"give 1 to {IDENTIFIERS_MAX} Agents")
        found: dict[str, None] = {}
        for agent in given:
            found[identifier(agent, "whom to erase")] = None
            if "mbox" in agent:
                found[f"mbox_sha1sum|{hashlib.sha1(agent['mbox'].encode(), usedforsecurity=False).hexdigest()}"] = None
        return cls(tuple(found))

    def is_in(self, value: Any) -> bool:
        """Whether JSON names the person: as an account, or with the identifier within any text."""
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Mapping):
                if self._is_account(one):
                    return True
                waiting += one.keys()
                waiting += one.values()
            elif isinstance(one, Sequence) and not isinstance(one, str):
                waiting += one
            elif isinstance(one, str) and any(text in one.lower() for text in self._texts()):
                return True
        return False

    def traces(self) -> list[bytes]:
        """What can be looked for in the bytes of a file."""
        accounts = [name.partition("|")[2] for name in self.identifiers if name.startswith("account|")]
        others = [name.partition("|")[2].removeprefix("mailto:") for name in self.identifiers]
        return [text.encode() for text in {*accounts, *others}]

    def is_in_text(self, text: str) -> bool:
        """The same for what is no JSON."""
        accounts = [one["account"] for one in map(identified, self.identifiers) if "account" in one]
        return any(part in text.lower() for part in self._texts()) or any(
            account["homePage"] in text and account["name"] in text for account in accounts
        )

    def _is_account(self, one: Mapping[str, Any]) -> bool:
        home_page, name = one.get("homePage"), one.get("name")
        return (
            isinstance(home_page, str) and isinstance(name, str) and f"account|{home_page}|{name}" in self.identifiers
        )

    def _texts(self) -> Iterable[str]:
        """What nobody else has in any text, in lower case. The name of an account alone could be any word."""
        for name in self.identifiers:
            kind, _, value = name.partition("|")
            if kind != "account":
                yield value.lower().removeprefix("mailto:")
