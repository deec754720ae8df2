"""Is this a Statement, an Agent? Decided by compiled schemas and a few rules; explained only when refused."""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs
import orjson

from lrs.errors import InvalidStatement, Problem
from lrs.xapi.definitions import documents, statement_uri
from lrs.xapi.paths import json_path
from lrs.xapi.rules import broken_rules
from lrs.xapi.versions import VERSIONS

if TYPE_CHECKING:
    from lrs.xapi.report import Reporter

# A report costs some thousand times what the decision costs: about 3 ms for each KiB.
EXPLAINED_BYTES_MAX: Final = 32 * 1024


class Shape:
    """One schema: compiled to decide, with a reporter to explain."""

    def __init__(self, uri: str) -> None:
        self._compiled = jsonschema_rs.Draft202012Validator(
            {"$ref": uri},
            registry=jsonschema_rs.Registry(list(documents().items())),
            # A regex engine that can't backtrack: no text makes it slow.
            pattern_options=jsonschema_rs.RegexOptions(),
        )
        self._uri = uri
        self.is_valid = self._compiled.is_valid

    @cached_property
    def reporter(self) -> Reporter:
        """Made when it is first needed: the library behind it takes a tenth of the time in which the server starts."""
        from lrs.xapi.report import Reporter  # noqa: PLC0415

        return Reporter(self._uri)

    def be_ready_to_explain(self) -> None:
        """Make the reporter now."""
        _ = self.reporter

    def problems(self, value: Any, path: str) -> tuple[Problem, ...]:
        """Everything that is wrong with a refused ``value``, up to a bound; of a very large one the first thing."""
        if len(orjson.dumps(value)) <= EXPLAINED_BYTES_MAX:
            found = self.reporter.problems(value, path)
            if found:
                return found
        try:
            self._compiled.validate(value)
        except jsonschema_rs.ValidationError as error:
            rule = error.kind.name
            return (Problem(json_path(error.instance_path, path), rule, f"breaks the rule {rule!r}"),)
        raise AssertionError("only refused values are explained")


class Validator:
    """What a Statement of one version of xAPI must be."""

    def __init__(self, version: str) -> None:
        assert version in VERSIONS
        self.shape = Shape(statement_uri(version))

    def accepts(self, statement: Any) -> bool:
        """Whether ``check`` has nothing to say; a refusal costs no explanation."""
        return self.shape.is_valid(statement) and not broken_rules(statement)

    def check(self, statement: Any, path: str = "$") -> None:
        """Raise InvalidStatement with all that is wrong, if anything is; ``path`` is where the Statement stands.

        What is checked is Data 2.2 to 2.4 and 4 (9274.1.1 4.2), on a Statement as it is sent: before it has an id,
        ``stored`` or ``authority``, and with single contextActivities or arrays of them.
        """
        if self.shape.is_valid(statement):
            problems = tuple(broken_rules(statement, path))
            if not problems:
                return
        else:
            problems = self.shape.problems(statement, path)
        raise _invalid("Statement", problems)


@cache
def validator(version: str) -> Validator:
    """The validator for one of ``versions.VERSIONS``, made once."""
    return Validator(version)


def be_ready_to_explain() -> None:
    """Load what explains a refusal, for which the first one would wait otherwise. In any thread."""
    for version in VERSIONS:
        validator(version).shape.be_ready_to_explain()


def check_agent(agent: Any, path: str = "$") -> None:
    """Raise InvalidStatement unless ``agent`` is an Agent or an Identified Group (Communication 2.1.3 ``agent``)."""
    _check("Agent or Identified Group", _shape("#/$defs/identifiedActor"), agent, path)


def check_actor(actor: Any, path: str = "$") -> None:
    """Raise InvalidStatement unless ``actor`` is an Agent or a Group, which may be anonymous (Data 2.4.2)."""
    _check("Agent or Group", _shape("#/$defs/actor"), actor, path)


@cache
def _shape(fragment: str) -> Shape:
    """A part of a Statement that is the same in all versions."""
    return Shape(statement_uri(VERSIONS[0]) + fragment)


def _check(what: str, shape: Shape, value: Any, path: str) -> None:
    if not shape.is_valid(value):
        raise _invalid(what, shape.problems(value, path))


def _invalid(what: str, problems: tuple[Problem, ...]) -> InvalidStatement:
    first, others = problems[0], len(problems) - 1
    more = f"; and {others} more" if others else ""
    return InvalidStatement(f"not a valid {what}: {first.path} {first.reason}{more}", problems=problems)
