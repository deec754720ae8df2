"""Hypothesis strategies for valid Statements and their parts, and for Statements with one thing broken."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.xapi.examples import SIGNATURE, VOIDED

Json = dict[str, Any]

START = datetime(1990, 1, 1, tzinfo=UTC)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
numbers = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6, allow_nan=False))

uuids = st.uuids().flatmap(lambda value: st.sampled_from([str(value), str(value).upper()]))

iris = st.one_of(
    st.builds("https://{}.example.org/{}".format, words, words),
    st.builds("http://example.org/{}?q={}#{}".format, words, words, words),
    st.builds("urn:example:{}".format, words),
    st.builds("https://lms.example.org/course/course-v1:{}+{}+2026".format, words, words),
    st.sampled_from(["http://example.com/فعل/خواندن", "tag:example.org,2026:a%20b", "https://[2001:db8::1]:8080/x"]),
)

languages = st.sampled_from(
    [
        "en",
        "en-US",
        "pt-BR",
        "es-419",
        "zh-Hans-CN",
        "sr-Latn-RS",
        "cmn",
        "tlh",
        "de-CH-1901",
        "x-klingon",
        "i-lux",
        "und",
    ]
)
language_maps = st.dictionaries(languages, texts, max_size=3)


@st.composite
def timestamps(draw: st.DrawFn) -> str:
    """An instant of our century in one of the spellings of ISO 8601."""
    instant = START + timedelta(microseconds=draw(st.integers(0, 70 * 365 * 86_400_000_000)))
    offset = draw(st.sampled_from(["Z", "z", "", "+00:00", "+0530", "-05:00", "+14", "-00:30"]))
    shape = draw(
        st.sampled_from(["%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S,%f", "%Y-%m-%dt%H:%M:%S", "%Y-%m-%dT%H:%M"])
    )
    return instant.strftime(shape) + offset


def utc_timestamps() -> st.SearchStrategy[str]:
    """An instant of our century with milliseconds, as most programs write it."""
    moments = st.integers(0, 60 * 365 * 86_400_000).map(lambda ms: START + timedelta(milliseconds=ms))
    return moments.map(lambda moment: moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


@st.composite
def durations(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        return f"P{draw(st.integers(0, 99))}W"
    day = "".join(f"{draw(st.integers(0, 99))}{unit}" for unit in "YMD" if draw(st.booleans()))
    time = "".join(f"{draw(st.integers(0, 99))}{unit}" for unit in "HM" if draw(st.booleans()))
    seconds = draw(st.sampled_from(["", "0S", "59.14S", "0,5S", "1.23456S"]))
    clock = f"T{time}{seconds}" if time or seconds else ""
    return f"P{day}{clock}" if day or clock else "PT0S"


json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda values: st.one_of(st.lists(values, max_size=3), st.dictionaries(texts, values, max_size=3)),
    max_leaves=6,
)
extensions = st.dictionaries(iris, json_values, max_size=2)

accounts = st.fixed_dictionaries({"homePage": iris, "name": texts})
identifiers: st.SearchStrategy[Json] = st.one_of(
    st.builds("mailto:{}@{}.example.org".format, words, words).map(lambda mbox: {"mbox": mbox}),
    st.binary(min_size=20, max_size=20).map(lambda hashed: {"mbox_sha1sum": hashed.hex()}),
    words.map(lambda word: {"openid": f"https://openid.example.org/{word}"}),
    accounts.map(lambda account: {"account": account}),
)


@st.composite
def agents(draw: st.DrawFn, *, stated: bool = False) -> Json:
    """An Agent; ``stated`` if its objectType must stand."""
    kind = {"objectType": "Agent"} if stated or draw(st.booleans()) else {}
    name = {"name": draw(texts)} if draw(st.booleans()) else {}
    return kind | name | draw(identifiers)


@st.composite
def groups(draw: st.DrawFn) -> Json:
    """A Group, identified or anonymous."""
    identifier: Json = draw(st.one_of(st.just({}), identifiers))
    members: list[Json] = draw(st.lists(agents(), min_size=0 if identifier else 1, max_size=3))
    lists_members = draw(st.booleans())
    member = {"member": members} if members or lists_members else {}
    name = {"name": draw(texts)} if draw(st.booleans()) else {}
    return {"objectType": "Group"} | name | identifier | member


actors = st.one_of(agents(), groups())
authorities: st.SearchStrategy[Json] = st.one_of(
    agents(),
    st.lists(agents(), min_size=2, max_size=2).map(lambda pair: {"objectType": "Group", "member": pair}),
)
verbs = st.fixed_dictionaries({"id": iris}, optional={"display": language_maps})

components: st.SearchStrategy[list[Json]] = st.lists(
    st.fixed_dictionaries({"id": words}, optional={"description": language_maps}),
    max_size=3,
    unique_by=lambda component: str(component["id"]),
)
plain_definitions = {
    "name": language_maps,
    "description": language_maps,
    "type": iris,
    "moreInfo": iris,
    "extensions": extensions,
}
definitions: st.SearchStrategy[Json] = st.one_of(
    st.fixed_dictionaries({}, optional=plain_definitions),
    st.fixed_dictionaries(
        {"interactionType": st.sampled_from(["choice", "likert", "matching", "performance", "sequencing", "other"])},
        optional=plain_definitions
        | {"correctResponsesPattern": st.lists(texts, max_size=2)}
        | dict.fromkeys(("choices", "scale", "source", "target", "steps"), components),
    ),
)
activities: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"id": iris}, optional={"objectType": st.just("Activity"), "definition": definitions}
)
statement_refs: st.SearchStrategy[Json] = st.fixed_dictionaries({"objectType": st.just("StatementRef"), "id": uuids})


@st.composite
def scores(draw: st.DrawFn) -> Json:
    low, raw, high = sorted(draw(st.lists(numbers, min_size=3, max_size=3)))
    found: Json = {"raw": raw, "scaled": draw(st.floats(-1, 1))}
    if low < high:
        found |= {"min": low, "max": high}
    return {name: value for name, value in found.items() if draw(st.booleans())}


results: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {},
    optional={
        "score": scores(),
        "success": st.booleans(),
        "completion": st.booleans(),
        "response": texts,
        "duration": durations(),
        "extensions": extensions,
    },
)
context_activities: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("parent", "grouping", "category", "other"), st.one_of(activities, st.lists(activities, max_size=2))
    ),
)
attachments: st.SearchStrategy[Json] = st.one_of(
    st.fixed_dictionaries(
        {
            "usageType": iris,
            "display": language_maps,
            "contentType": st.sampled_from(["text/plain", "image/svg+xml", "text/plain; charset=utf-8"]),
            "length": st.integers(0, 2**40),
            "sha2": st.sampled_from([28, 32, 48, 64])
            .flatmap(lambda size: st.binary(min_size=size, max_size=size))
            .map(bytes.hex),
        },
        optional={"description": language_maps, "fileUrl": iris},
    ),
    st.fixed_dictionaries(
        {
            "usageType": st.just(SIGNATURE),
            "display": language_maps,
            "contentType": st.just("application/octet-stream"),
            "length": st.integers(0, 2**40),
            "sha2": st.just("00" * 32),
        }
    ),
)


def contexts(version: str, *, of_activity: bool) -> st.SearchStrategy[Json]:
    """A context; ``of_activity`` if the object beside it is an Activity, which alone may have revision and platform."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "registration": uuids,
        "instructor": actors,
        "team": groups(),
        "contextActivities": context_activities,
        "language": languages,
        "statement": statement_refs,
        "extensions": extensions,
    }
    if of_activity:
        optional |= {"revision": texts, "platform": texts}
    if version == "2.0.0":
        types = {"relevantTypes": st.lists(iris, min_size=1, max_size=2)}
        context_agent = {"objectType": st.just("contextAgent"), "agent": agents()}
        context_group = {"objectType": st.just("contextGroup"), "group": groups()}
        optional["contextAgents"] = st.lists(st.fixed_dictionaries(context_agent, optional=types), max_size=2)
        optional["contextGroups"] = st.lists(st.fixed_dictionaries(context_group, optional=types), max_size=2)
    return st.fixed_dictionaries({}, optional=optional)


@st.composite
def _parts(draw: st.DrawFn, version: str, *, nested: bool) -> Json:
    """What Statements and SubStatements have alike; ``nested`` if the object may be a SubStatement."""
    kinds = [activities, activities, agents(stated=True), groups(), statement_refs]
    target = draw(st.one_of(*kinds, sub_statements(version)) if nested else st.one_of(*kinds))
    kind = target.get("objectType", "Activity")
    voiding = kind == "StatementRef" and draw(st.booleans())
    part: Json = {"actor": draw(actors), "verb": {"id": VOIDED} if voiding else draw(verbs), "object": target}
    optional: dict[str, st.SearchStrategy[Any]] = {
        "result": results,
        "context": contexts(version, of_activity=kind == "Activity"),
        "timestamp": timestamps(),
        "attachments": st.lists(attachments, max_size=2),
    }
    return part | draw(st.fixed_dictionaries({}, optional=optional))


def sub_statements(version: str = "1.0.3") -> st.SearchStrategy[Json]:
    return _parts(version, nested=False).map(lambda part: {"objectType": "SubStatement"} | part)


@st.composite
def statements(draw: st.DrawFn, version: str = "1.0.3", *, nested: bool = True) -> Json:
    """A valid Statement as a client may send it, with or without what the LRS sets; ``nested`` allows SubStatements."""
    part = draw(_parts(version, nested=nested))
    versions = ["1.0", "1.0.0", "1.0.3"] + (["2.0.0"] if version == "2.0.0" else [])
    optional: dict[str, st.SearchStrategy[Any]] = {
        "id": uuids,
        "stored": timestamps(),
        "authority": authorities,
        "version": st.sampled_from(versions),
    }
    return part | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def damaged(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Any:
    """One of ``values`` with one to three nodes dropped, renamed, doubled or replaced; by chance it may stay valid."""
    made = copy.deepcopy(draw(values))
    for _ in range(draw(st.integers(1, 3))):
        holders = [node for node in _containers(made) if node]
        if not holders:
            break
        holder = draw(st.sampled_from(holders))
        key = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        _damage(draw, holder, key)
    return made


def _containers(value: Any) -> list[Any]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [node for part in parts for node in _containers(part)] + ([value] if isinstance(value, dict | list) else [])


OTHER_VALUES: list[Any] = [
    None, True, 0, -1, 2, 27.0, 1e300, "", " ", "Activity", "Agent", "Group", "StatementRef", "SubStatement",
    "contextAgent", "2.0.0", "1.0.0", "en", "abc", "urn:x", "mailto:a@b", "P4W1D", "2026-02-30T00:00:00Z", "0" * 64,
    VOIDED, SIGNATURE, [], [[]], {}, {"id": "urn:x"}, {"mbox": "mailto:a@b"}, {"en": "a"},
]  # fmt: skip
OTHER_NAMES = [
    "id", "mbox", "account", "openid", "member", "objectType", "name", "definition", "revision", "contextAgents", "en",
    "interactionType", "choices", "urn:x", "version", "stored", "Actor", "x",
]  # fmt: skip


def _damage(draw: st.DrawFn, holder: Any, key: Any) -> None:
    ways = ["drop", "replace", "space"] if isinstance(holder, list) else ["drop", "replace", "space", "rename", "copy"]
    way = draw(st.sampled_from(ways))
    value = holder[key]
    if way == "replace":
        holder[key] = copy.deepcopy(draw(st.sampled_from(OTHER_VALUES)))
    elif way == "space":
        holder[key] = (
            value + draw(st.sampled_from(["\n", " ", "\x00", "\u2028", "-"])) if isinstance(value, str) else [value]
        )
    elif way == "copy":
        holder[draw(st.sampled_from(OTHER_NAMES))] = copy.deepcopy(value)
    else:
        del holder[key]
        if way == "rename":
            holder[draw(st.sampled_from([key.upper(), key + "\n", *OTHER_NAMES]))] = value
