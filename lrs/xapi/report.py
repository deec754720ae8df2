"""Why a value does not follow a schema, in words for the person who can mend it.

The compiled validators decide, fast; this explains, slowly, what they have refused. Reasons stand as ``x-reason``
beside the rules in the schemas; what has none there is put into words here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from lrs.errors import Problem
from lrs.xapi.definitions import documents
from lrs.xapi.paths import json_path, quoted

PROBLEMS_MAX: Final = 20

_TYPE_NAMES: Final = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_SENTENCES: Final = {
    "const": "must be {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
}


class Reporter:
    """Explains what does not follow the schema at ``uri`` (an ``$id``, or one with a fragment)."""

    def __init__(self, uri: str) -> None:
        # Without its $schema, which would bring back the rules of jsonschema itself.
        registry: Registry[Any] = (
            Registry()
            .with_resources(
                (name, DRAFT202012.create_resource({key: part for key, part in schema.items() if key != "$schema"}))
                for name, schema in documents().items()
            )
            .crawl()
        )
        self._validator = _Explaining({"$ref": uri}, registry=registry)

    def problems(self, value: Any, root: str = "$") -> tuple[Problem, ...]:
        """Up to ``PROBLEMS_MAX`` things that are wrong with ``value``, which stands at ``root``."""
        found: dict[tuple[str, str], Problem] = {}
        wrong_types: set[str] = set()
        for error in islice(self._validator.iter_errors(value), 10 * PROBLEMS_MAX):
            path, rule = json_path(error.absolute_path, root), str(error.validator)
            # A value of the wrong type breaks other rules as well, but that helps nobody.
            if path not in wrong_types:
                found.setdefault((path, rule), Problem(path, rule, _reason(error)))
            if rule == "type":
                wrong_types.add(path)
            if len(found) == PROBLEMS_MAX:
                break
        return tuple(found.values())


def _reason(error: ValidationError) -> str:
    rule, schema = str(error.validator), error.schema
    if isinstance(schema, Mapping):
        said = schema.get("x-reason")
        if isinstance(said, str):
            return said
        if isinstance(said, Mapping) and rule in said:
            return str(said[rule])
    wanted: Any = error.validator_value
    if rule == "type":
        return f"must be {_TYPE_NAMES.get(wanted, wanted)}{', not null' if error.instance is None else ''}"
    if rule == "enum":
        return f"must be one of {', '.join(wanted)}"
    return _SENTENCES[rule].format(wanted) if rule in _SENTENCES else error.message


# Each rule below is jsonschema's own but for the path, which leads to the very member, and for the words.


def _required(validator: Any, names: list[str], value: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "object"):
        yield from (ValidationError("is missing", path=(name,)) for name in names if name not in value)


def _dependent_required(
    validator: Any, dependents: dict[str, list[str]], value: Any, schema: Any
) -> Iterator[ValidationError]:
    if validator.is_type(value, "object"):
        for name, needed in dependents.items():
            if name in value:
                yield from _required(validator, needed, value, schema)


def _additional_properties(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    if allowed is not False:
        yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, allowed, value, schema)
        return
    if validator.is_type(value, "object"):
        known = schema["properties"]
        for name in value:
            if name not in known:
                right = next((other for other in known if other.lower() == name.lower()), None)
                hint = f"; did you mean {right}?" if right else ""
                yield ValidationError(f"is not a member that may stand here{hint}", path=(name,))


def _property_names(validator: Any, names: Any, value: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "object"):
        for name in value:
            yield from validator.descend(name, names, path=name)


def _pattern(validator: Any, text: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """All patterns stand between ``^`` and ``$``; ``fullmatch`` gives ``$`` the meaning that it has in ECMA-262."""
    if validator.is_type(value, "string") and re.fullmatch(text, value) is None:
        yield ValidationError(f"{quoted(value)} is not of the required form")


_Explaining: Final[Callable[..., Any]] = extend(
    Draft202012Validator,
    {
        "additionalProperties": _additional_properties,
        "dependentRequired": _dependent_required,
        "pattern": _pattern,
        "propertyNames": _property_names,
        "required": _required,
    },
)
