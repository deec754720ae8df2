"""Without a server the same holds: the engine in the process, and the export of an administrator (invariant 4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lrs.errors import Forbidden
from tests.authorisation.making import LEARNERS, LMS, VERBS, agent
from tests.authorisation.matrix import OWNER, Matrix, expected, found, ids
from tests.authorisation.stated import FOREIGN, GRANTS, RIGHTS, A, Asked, B, Reader
from tests.cli.invoke import Shell

SCOPES = (("statements/read/mine",), ("all/read",))
QUESTIONS: tuple[Asked, ...] = (
    (),
    (("verb", VERBS[0]),),
    (("agent", LEARNERS[0]),),
    (("related_activities", f"{LMS}/course/{A}"),),
    (("activity", FOREIGN),),
    (("course", A), ("course", B)),
)


def arguments(asked: Asked) -> dict[str, Any]:
    """What the model asks for, as arguments of ``Engine.query``."""
    made: dict[str, Any] = {}
    for name, value in asked:
        match name:
            case "agent":
                made["agent"] = agent(value)
            case "course":
                made.setdefault("course", []).append(value)
            case "related_activities":
                made |= {"activity": value, "related_activities": True}
            case _:
                made[name] = value
    return made


def queried(matrix: Matrix, reader: Reader, **arguments: Any) -> list[str]:
    engine, principal = matrix.server.engine, matrix.principal(reader)

    async def query() -> list[str]:
        return [one["id"] async for one in engine.query(principal=principal, **arguments)]

    got: list[str] = matrix.run(query())
    return got


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("scopes", SCOPES, ids=" ".join)
def test_a_query_in_the_process_finds_what_the_model_finds(matrix: Matrix, scopes: tuple[str, ...], grant: str) -> None:
    reader = Reader("lms", scopes, grant)
    for asked in QUESTIONS:
        got = queried(matrix, reader, **arguments(asked), ascending=True, limit=25)
        assert got == expected(matrix.world.seen(reader, asked)), asked


@pytest.mark.parametrize("grant", GRANTS)
def test_every_statement_is_found_by_its_id_by_who_may_see_it(matrix: Matrix, grant: str) -> None:
    reader = Reader("engine", ("statements/read",), grant)
    for one in matrix.world.stored.values():
        for name, voided in (("statementId", False), ("voidedStatementId", True)):
            shown = matrix.world.permits(reader, one) and matrix.world.voided(one.stated.id) is voided
            assert queried(matrix, reader, **{name: one.stated.id}) == ([one.stated.id] if shown else [])


@pytest.mark.parametrize("scope", RIGHTS)
def test_only_scopes_for_it_may_query_in_the_process(matrix: Matrix, scope: str) -> None:
    reader = Reader("engine", (scope,), "every course")
    if reader.has("read"):
        queried(matrix, reader, limit=1)
    else:
        with pytest.raises(Forbidden):
            queried(matrix, reader)


@pytest.mark.parametrize("asked", [(), (("verb", VERBS[0]),), (("course", A),), (("course", A), ("course", B))])
def test_an_export_holds_what_a_reader_without_limits_finds(matrix: Matrix, asked: Asked) -> None:
    """It is the administrator's, who has the file anyway; voided statements are left out there, too."""
    options = [text for name, value in asked for text in (f"--{name}", value)]
    shell = Shell(matrix.server.engine.settings.data)
    exported = [json.loads(line) for line in shell("export", *options).stdout.splitlines()]
    assert ids(exported) == expected(matrix.world.seen(OWNER, asked))
    everything = {one["id"]: one for one in found(matrix.client(OWNER), ())}
    assert exported == [everything[one["id"]] for one in exported]
