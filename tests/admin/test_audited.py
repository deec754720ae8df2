"""Every act leaves exactly one entry, says who did it, and tells no secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.admin.desk import PASSWORD, Browser, Program, acts, administered
from tests.admin.test_aside import STATEMENT, trusted
from tests.admin.test_requests import WISH, ask, decide, take
from tests.cli.invoke import Shell

LEARNER = {"objectType": "Agent", "mbox": "mailto:learner@secret.example"}


class Everything:
    """Does every act there is, one after the other; keeps the secrets that it is shown."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.secrets: list[str] = [PASSWORD, browser.cookie or ""]

    def kept(self, answer: Any, *names: str) -> Any:
        assert answer.status_code in (200, 201), answer.text
        self.secrets += [answer.json()[name] for name in names]
        return answer.json()

    def of_consumers(self) -> list[str]:
        browser = self.browser
        browser.post("/consumers", {"name": "engine", "scopes": ["stream"]})
        grant = {"courses": ["*"], "actors": [LEARNER]}
        browser.patch("/consumers/1", {"grant": grant}, "*")
        key = self.kept(browser.post("/keys", {"consumer": "engine"}), "secret")
        browser.post(f"/keys/{key['key']}/revoke")
        token = self.kept(browser.post("/tokens", {"consumer": "engine"}), "token")
        browser.post(f"/tokens/{token['jti']}/revoke")
        browser.post("/signing-keys", {})
        browser.post(f"/signing-keys/{browser.json('/signing-keys')['items'][1]['kid']}/retire")
        return [
            *("consumer.add", "consumer.change", "key.add", "key.revoke", "token.issue", "token.revoke"),
            *("signing-key.rotate", "signing-key.retire"),
        ]

    def of_accounts(self) -> list[str]:
        browser = self.browser
        made = self.kept(browser.post("/administrators", {"name": "anna"}))
        self.secrets.append(made["link"].partition("#")[2])
        made = self.kept(browser.post("/administrators/anna/link"))
        self.secrets.append(made["link"].partition("#")[2])
        browser.delete("/administrators/anna")
        self.kept(browser.post("/session/stream-token"), "token")
        self.kept(browser.post("/session/stream-token"), "token")
        body = {"current": PASSWORD, "password": "another horse, another battery"}
        self.secrets.append(body["password"])
        browser.request("PUT", "/session/password", json=body)
        browser.delete("/session")
        assert browser.post("/session", {"name": "admin", "password": body["password"]}).status_code == 201
        self.secrets.append(browser.cookie or "")
        return [
            *("administrator.add", "administrator.link", "administrator.remove"),
            *("consumer.add", "session.stream", "password.set", "session.end", "session.begin"),
        ]

    def of_the_rest(self) -> list[str]:
        browser = self.browser
        secret = self.kept(ask(browser), "secret")["secret"]
        decide(browser, 1, "approve", {"name": "somewhere"})
        self.kept(take(browser, secret), "secret")
        ask(browser)
        decide(browser, 2, "refuse", {"word": "no"})
        platform = trusted(browser)
        self.secrets.append((platform.authorization or "").partition(" ")[2])
        platform.post("statements", json={**STATEMENT, "verb": {"id": "not an iri"}})
        browser.get("/quarantine/1")
        browser.post("/quarantine/1/retry")
        browser.delete("/quarantine/1")
        body = {"name": "bot", "disclosure": {"actors": "pseudonym"}}
        consumer = browser.post("/consumers", body).json()["name"]
        browser.post("/pseudonyms", {"consumer": consumer, "agents": [LEARNER]})
        return [
            *("request.make", "request.approve", "request.take", "request.make", "request.refuse"),
            *("quarantine.look", "quarantine.retry", "quarantine.drop", "consumer.add", "pseudonym.of"),
        ]


def test_every_act_leaves_one_entry_and_no_secret_anywhere(
    browser: Browser, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = acts(browser)
    assert before == ["administrator.add", "password.set"]
    doing = Everything(browser)
    expected = [*before, *doing.of_consumers(), *doing.of_accounts(), *doing.of_the_rest()]
    entries = browser.json("/audit", limit=500)["items"][::-1]
    assert [entry["act"] for entry in entries] == expected
    assert all(entry["about"] and entry["actor"] for entry in entries)
    assert len(set(doing.secrets)) > 12
    told = {
        "the trail": str(entries),
        "the logs": caplog.text + "".join(capfd.readouterr()),
    }
    for where, text in told.items():
        for secret in doing.secrets:
            assert secret not in text, where
        for learner in ("learner@secret.example", "ada@example.org", WISH["contact"], WISH["purpose"]):
            assert learner not in text, where
    browser.server.engine.store.copy(tmp_path / "copy", lambda _done, _all: None)
    stored = (tmp_path / "copy").read_bytes()
    for secret in doing.secrets:
        assert secret.encode() not in stored


@pytest.mark.parametrize(
    "act",
    [
        lambda one: one.post("/consumers", {"name": ""}),
        lambda one: one.post("/consumers", {"name": "a", "scopes": ["x"]}),
        lambda one: one.post("/keys", {"consumer": "nobody"}),
        lambda one: one.post("/tokens", {"consumer": "nobody"}),
        lambda one: one.post("/keys/x/revoke"),
        lambda one: one.delete("/administrators/admin"),
        lambda one: one.get("/quarantine/1"),
        lambda one: one.delete("/cursors/1/x"),
        lambda one: one.get("/consumers"),
    ],
)
def test_what_changes_nothing_leaves_no_entry(browser: Browser, act: Callable[[Browser], Any]) -> None:
    before = acts(browser)
    act(browser)
    assert acts(browser) == before


def test_refused_logins_are_counted_in_few_entries_that_keep_no_name_of_nobody(tmp_path: Path) -> None:
    with administered(tmp_path) as browser:
        for name in ("admin", "admin", "hunter2", "admin", "a password"):
            assert browser.post("/session", {"name": name, "password": "x"}).status_code == 401
        # The others wait for the minute to be over, or for the server to stop.
        assert refused(browser) == [("administrator:admin", {"attempts": 1})]
    with administered(tmp_path) as browser:
        assert refused(browser) == [
            ("administrator:admin", {"attempts": 1}),
            ("administrator:admin", {"attempts": 2}),
            ("administrator", {"attempts": 2}),
        ]
        assert {entry["actor"] for entry in browser.json("/audit", act="session.refuse")["items"]} == {"visitor"}


def refused(browser: Browser) -> list[tuple[str, dict[str, Any]]]:
    """What refused logins are about, and their details, oldest first."""
    found = browser.json("/audit", act="session.refuse")["items"]
    return [(entry["about"], entry["details"]) for entry in reversed(found)]


def test_an_act_is_in_the_name_of_who_does_it(browser: Browser, program: Program) -> None:
    browser.post("/consumers", {"name": "a"})
    program.post("/consumers", {"name": "b"})
    ask(browser)
    shell = Shell(browser.server.engine.settings.data)
    shell("consumer", "add", "c")
    actors = [entry["actor"] for entry in browser.json("/audit")["items"]]
    assert actors[0].startswith("cli:")
    assert actors[1:4] == ["visitor", "consumer:steward", "admin:admin"]
    assert actors[-1] == "system"
