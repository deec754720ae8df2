"""One string for each person and group (Data 2.4.2.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from lrs.errors import InvalidParameter
from lrs.xapi.actors import identifier, ifi
from tests.xapi.examples import ANONYMOUS
from tests.xapi.strategies import accounts, agents


@pytest.mark.parametrize(
    ("actor", "identifier"),
    [
        ({"mbox": "mailto:ann@example.org"}, "mbox|mailto:ann@example.org"),
        ({"mbox_sha1sum": "AB" * 20}, "mbox_sha1sum|" + "ab" * 20),
        ({"openid": "https://openid.example.org/Ann"}, "openid|https://openid.example.org/Ann"),
        (
            {"account": {"homePage": "https://lms.example.org", "name": "a|b"}},
            "account|https://lms.example.org|a|b",
        ),
        (ANONYMOUS, None),
        (ANONYMOUS | {"mbox": "mailto:blue@example.org"}, "mbox|mailto:blue@example.org"),
    ],
)
def test_the_identifier_is_one_string(actor: dict[str, Any], identifier: str | None) -> None:
    assert ifi(actor) == identifier


def test_the_domain_of_an_address_has_no_case() -> None:
    assert ifi({"mbox": "mailto:Ann@Example.ORG"}) == "mbox|mailto:Ann@example.org"


@given(agents())
def test_every_agent_has_an_identifier(agent: dict[str, Any]) -> None:
    """Names and objectType do not count."""
    assert ifi(agent) == ifi({name: value for name, value in agent.items() if name not in ("name", "objectType")})
    assert ifi(agent) is not None


@given(accounts, accounts)
def test_different_accounts_have_different_identifiers(one: dict[str, str], other: dict[str, str]) -> None:
    assert (ifi({"account": one}) == ifi({"account": other})) == (one == other)


@given(agents())
def test_what_somebody_gives_is_an_agent(agent: dict[str, Any]) -> None:
    assert identifier(agent, "whom to find") == ifi(agent)


@pytest.mark.parametrize("given", [None, "ann", [], {}, {"name": "Ann"}, {"mbox": "ann@example.org"}, ANONYMOUS])
def test_or_is_refused_in_words_for_it(given: Any) -> None:
    """Each lacks an identifier, or has one that can't be."""
    with pytest.raises(InvalidParameter, match=r"^whom to find: ") as refused:
        identifier(given, "whom to find")
    assert refused.value.problems
