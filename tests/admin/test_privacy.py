"""The report on what a consumer can see says what it does see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lrs.auth.reads import Read, Reads
from lrs.auth.sqlite.reads import DAY_US, ReadRows
from lrs.clock import FixedClock
from lrs.storage.sqlite import open_store
from tests.admin.desk import Browser
from tests.cli.invoke import Shell
from tests.samples import COURSE_A, COURSE_B, statement


def report(browser: Browser, name: str) -> Any:
    browser.server.engine._reads.flush()
    (one,) = (each for each in browser.json("/consumers")["items"] if each["name"] == name)
    return browser.json(f"/consumers/{one['id']}/privacy")


def test_it_counts_what_is_seen_and_what_was_read(browser: Browser) -> None:
    server = browser.server
    server.client("lms", "statements/write").post(
        "statements",
        json=[statement(learner=f"l{n}", course=COURSE_A) for n in range(3)] + [statement(course=COURSE_B)],
    )
    engine = server.client("engine", "statements/read", courses=(COURSE_A,))
    for _ in range(2):
        assert len(engine.get("statements").json()["statements"]) == 3
    made = report(browser, "engine")
    sees = {"statements": 3, "learners": 3, "verbs": 1, "courses": 1, "all": True}
    assert {name: made["sees"][name] for name in sees} == sees
    assert (made["read"]["queried"], made["read"]["pushed"]) == (6, 0)
    assert (made["statements_of"], made["grant"], made["actors"]) == ("all", {"courses": [COURSE_A]}, "as-stored")
    words = "\n".join(made["words"])
    assert f"It sees statements of {COURSE_A}, whoever wrote them." in words
    assert "It sees 3 statements of 3 learners and groups, with 1 verbs, in 1 courses" in words
    assert "was given 6 statements by queries and 0 by the stream" in words
    assert Shell(server.engine.settings.data)("privacy", "report", "engine").stdout.splitlines() == made["words"]
    assert Shell(server.engine.settings.data).json("privacy", "report", "engine") == made


def test_who_only_writes_sees_nothing(browser: Browser) -> None:
    browser.server.client("lms", "statements/write").post("statements", json=statement())
    made = report(browser, "lms")
    assert (made["statements_of"], made["sees"]["statements"]) == ("none", 0)
    assert "It sees no statements." in made["words"]


def test_who_reads_its_own_sees_those(browser: Browser) -> None:
    browser.server.client("other", "statements/write").post("statements", json=statement())
    browser.server.client("lms", "statements/write", "statements/read/mine").post("statements", json=statement())
    made = report(browser, "lms")
    assert (made["statements_of"], made["sees"]["statements"]) == ("own", 1)


def test_a_report_on_nobody_is_not_found(browser: Browser) -> None:
    assert browser.get("/consumers/99/privacy").status_code == 404


def test_reads_are_counted_by_day_and_forgotten_after_a_year(tmp_path: Path) -> None:
    store, clock = open_store(tmp_path / "lrs.sqlite3"), FixedClock()
    rows, reads = ReadRows(store, clock), Reads()
    reads.queried(7, 2)
    reads.queried(7, 0)
    reads.pushed(7, 3)
    rows.note(reads.take())
    assert reads.take() == {}
    rows.note({7: Read(1, 1)})
    today_us = clock.now_us() // DAY_US * DAY_US
    assert rows.last(7, 30) == [(today_us, Read(3, 4))]
    clock.advance(31 * 86_400)
    assert rows.last(7, 30) == []
    clock.advance(400 * 86_400)
    rows.note({8: Read(1, 0)})
    with store.reading() as connection:
        assert connection.execute("SELECT consumer_id FROM read_count").fetchall() == [(8,)]
    store.close()
