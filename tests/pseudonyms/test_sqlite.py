"""What the store keeps of pseudonyms."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import RFC_4122, UUID

import pytest

from lrs.auth.disclosure import Disclosure
from lrs.errors import Forbidden
from lrs.limits import Limits
from lrs.pseudonyms.naming import home_page, pseudonym_in
from lrs.pseudonyms.service import Pseudonyms
from lrs.pseudonyms.sqlite import SqliteSpaces
from lrs.storage.sqlite import Store

ANN, BOB = "mbox|mailto:ann@example.com", "account|https://lms.example.com|bob"
TOOLS = Disclosure.of("pseudonym", "tools")


class Known:
    """Learners as the log has them."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.asked = 0

    def after(self, number: int, limit: int) -> Sequence[tuple[int, str]]:
        self.asked += 1
        return list(enumerate(self.names, 1))[number : number + limit]


def pseudonyms(store: Store, learners: Known | None = None) -> Pseudonyms:
    return Pseudonyms(SqliteSpaces(store), learners or Known(ANN, BOB), "https://lrs.example.org/")


def named(made: Pseudonyms, name: str, space: str = "tools") -> str:
    account = made.shown_agent(Disclosure.of("pseudonym", space), name)["account"]
    return str(account["name"])


def meant(made: Pseudonyms, uuid: str, space: str = "tools") -> str | None:
    return made.meant(Disclosure.of("pseudonym", space), f"account|https://lrs.example.org/pseudonyms/{space}|{uuid}")


def test_a_pseudonym_is_a_uuid_of_version_8_and_stays_the_same(store: Store) -> None:
    """RFC 9562 5.8; in every process."""
    one = named(pseudonyms(store), ANN)
    assert UUID(one).version == 8
    assert UUID(one).variant == RFC_4122
    assert named(pseudonyms(store), ANN) == one


def test_each_space_has_a_secret_of_its_own(store: Store) -> None:
    spaces = SqliteSpaces(store)
    assert spaces.secret("a") == SqliteSpaces(store).secret("a") != spaces.secret("b")
    assert spaces.names() == ["a", "b"]


def test_who_is_meant_is_found_also_when_nobody_was_looked_up_before(store: Store) -> None:
    made = pseudonyms(store)
    assert [meant(made, named(made, name)) for name in (ANN, BOB)] == [ANN, BOB]
    assert meant(made, named(made, ANN, "others")) is None


def test_learners_are_looked_through_once(store: Store) -> None:
    learners = Known(ANN)
    made = pseudonyms(store, learners)
    assert meant(made, named(made, BOB)) is None
    learners.names.append(BOB)
    assert meant(made, named(made, BOB)) == BOB
    asked = learners.asked
    assert meant(made, named(made, ANN)) == ANN
    assert learners.asked == asked


def test_who_was_looked_up_is_known_though_no_statement_speaks_of_it(store: Store) -> None:
    made = pseudonyms(store, Known())
    ((account),) = made.of("tools", [ANN])
    assert meant(made, account["account"]["name"]) == ANN
    assert [one.name for one in made.anywhere(account["account"]["name"])] == [ANN]


def test_who_is_forgotten_is_nobody(store: Store) -> None:
    learners = Known(ANN, BOB)
    made = pseudonyms(store, learners)
    uuid = named(made, ANN)
    assert meant(made, uuid) == ANN
    made.forget(ANN)
    learners.names[0] = "-"
    assert meant(made, uuid) is None
    assert meant(made, named(made, BOB)) == BOB


@pytest.mark.parametrize("name", [ANN, BOB, "account|https://lrs.example.org/pseudonyms/others|{}"])
def test_nobody_is_asked_for_by_anything_but_a_pseudonym_of_ones_own(store: Store, name: str) -> None:
    """Who could ask by an address would learn whose the pseudonym is."""
    made = pseudonyms(store)
    with pytest.raises(Forbidden):
        made.meant(TOOLS, name.format(named(made, ANN)))


def test_who_is_shown_no_actors_can_ask_for_none(store: Store) -> None:
    with pytest.raises(Forbidden):
        pseudonyms(store).meant(Disclosure.of("none"), "account|https://lrs.example.org/pseudonyms|anonymous")


def test_a_pseudonym_is_known_at_another_address_of_the_server() -> None:
    uuid = str(UUID(int=8))
    for page in (home_page("https://old.example.org/lrs/", "tools"), home_page("http://localhost:8080", "tools")):
        assert pseudonym_in(f"account|{page}|{uuid}", "tools") == uuid
        assert pseudonym_in(f"account|{page}|{uuid}", "ools") is None
    assert pseudonym_in("account|https://lrs.example.org/pseudonyms/tools|ann", "tools") is None


def test_what_is_shown_again_is_made_anew_where_something_else_is_stored(store: Store) -> None:
    """So it is after an erasure. Nor does one space see what was made for another."""
    made = pseudonyms(store)
    body = b'{"actor":{"mbox":"mailto:ann@example.com"},"verb":{"id":"%b"},"object":{"id":"x:y"}}'
    first, second = body % b"x:a", body % b"x:b"
    for disclosure in (TOOLS, Disclosure.of("pseudonym", "others"), Disclosure.of("none"), TOOLS):
        for raw in (first, first, second):
            assert list(made.payloads(disclosure, [(1, raw)])) == [made.payload(disclosure, raw)]


def test_what_is_kept_is_bounded(store: Store) -> None:
    made = Pseudonyms(SqliteSpaces(store), Known(), "https://lrs.example.org", limits=Limits(shown_bytes_max=1_000))
    body = b'{"actor":{"mbox":"mailto:ann@example.com"},"verb":{"id":"x:a"},"object":{"id":"x:%d"}}'
    shown = list(made.payloads(TOOLS, [(position, body % position) for position in range(100)]))
    assert shown[7] == made.payload(TOOLS, body % 7)
    assert len(made._shown) < 10
