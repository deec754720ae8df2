"""Those who poll learn what was erased."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.door.client import serving
from tests.samples import COURSE_A, COURSE_B, agent, statement


def test_ids_come_in_order_after_a_cursor_and_by_course(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        first, other, second = statement(course=COURSE_A), statement(course=COURSE_B), statement(learner="bob")
        server.client("lms", "all").post("statements", json=[first, other, second])
        everything = server.client("all", "statements/read")
        of_course = server.client("some", "statements/read", courses=(COURSE_A,))
        restricted = server.client("bot", "stream", courses=(COURSE_A,))
        begun = everything.get("statements/erased").json()
        assert (begun["erased"], begun["more"]) == ([], False)
        asyncio.run(server.engine.erase(agent("ann")))
        told = everything.get("statements/erased", params={"after": begun["after"]}).json()
        assert told["erased"] == [first["id"], other["id"]]
        assert of_course.get("statements/erased").json()["erased"] == [first["id"]]
        assert restricted.get("statements/erased").json()["erased"] == [first["id"]]
        asyncio.run(server.engine.erase(agent("bob")))
        assert everything.get("statements/erased", params={"after": told["after"]}).json()["erased"] == [second["id"]]
        assert everything.get("statements", params={"statementId": first["id"]}).status_code == 404
        assert everything.get("statements/erased", params={"after": "nonsense"}).status_code == 400
        assert server.client("w", "statements/write").get("statements/erased").status_code == 403
