"""The cases of ``lrs bench``, one after the other."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import cycle
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

from lrs.benchmark.figures import READ, WRITE, Figure, figure
from lrs.benchmark.queries import queries
from lrs.benchmark.requests import Target, Writing, writings, written
from lrs.cli.bench_http import Stint, fetch
from lrs.cli.bench_stream import PROTOCOL, catch_up, deliveries
from lrs.errors import NotFound, Unauthenticated
from lrs.simulation.mix import statements

WRITE_CONNECTIONS = 16
READ_CONNECTIONS = 4
LEARNERS = 200
WARM_UP_S_MAX = 1.0
WARM_UP_STATEMENTS = 1_000
STATEMENTS_MAX = 200_000
"""Most statements that one case writes, however fast the server is."""

_MARGIN = 1.5
_SAMPLED = 50
_MOMENTS = 8
_AGO_US = 3_600 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is to be measured, and how. ``connections`` None: as many as are usual for each case. ``stream`` None: if
    the LRS says that it has one.
    """

    seconds: float
    connections: int | None
    batch: int
    limit: int
    read_only: bool
    stream: bool | None
    subscribers: int
    rate: float


class Case(NamedTuple):
    """Something to measure, and how long it will take, about."""

    name: str
    seconds: float
    measure: Callable[[], Awaitable[Figure]]


@dataclass(slots=True)
class Run:
    """``figures``: what was measured so far, also when the rest is broken off."""

    target: Target
    wishes: Wishes
    about: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    _chance: Random = field(default_factory=Random)
    _pages: dict[str, list[str]] = field(default_factory=dict)

    async def meet(self) -> None:
        """Find the endpoint and the version that is spoken there. Raises NotFound, Unauthenticated."""
        given = self.target
        paths = [given.path] if given.path.endswith("/xapi") else [given.path, f"{given.path}/xapi"]
        for path in paths:
            self.target = given.below(path)
            status, body = await _get(self.target, "about")
            if status == 200 and (about := _object(body)) is not None:
                self.about = about
                self.target = replace(self.target, version=_version(about.get("version", [])))
                break
        else:
            raise NotFound(f"{given.url} is no LRS: {status} is what it answers to about")
        status, _ = await _get(self.target, "statements?limit=1")
        if status == 401:
            raise Unauthenticated(f"{self.target.url} does not know this key or token")

    @property
    def has_stream(self) -> bool:
        """Whether the stream is measured too."""
        if self.wishes.stream is not None:
            return self.wishes.stream
        extensions = self.about.get("extensions")
        told = extensions.values() if isinstance(extensions, dict) else ()
        return any(isinstance(one, dict) and one.get("subprotocol") == PROTOCOL for one in told)

    def cases(self) -> Iterator[Case]:
        """Everything to do, in this order; what is read depends on what was written before."""
        seconds = self.wishes.seconds + self._warm_up_s
        if not self.wishes.read_only:
            for way in writings(self.wishes.batch):
                yield Case(way.name, seconds, lambda way=way: self._write(way))  # type: ignore[misc]
        yield Case("what there is to be asked for", 1.0, self._look)
        for name in self._pages:
            yield Case(name, seconds, lambda name=name: self._read(name))  # type: ignore[misc]
        if self.has_stream:
            if not self.wishes.read_only:
                yield Case("stream", self.wishes.seconds + 1, self._listen)
            yield Case("catching up", self.wishes.seconds, self._catch_up)

    @property
    def planned_s(self) -> float:
        """How long all of it will take, about."""
        seconds, known = self.wishes.seconds + self._warm_up_s, max(len(self._pages), 14)
        writes = 0 if self.wishes.read_only else 3
        return (writes + known) * seconds + 1 + (2 * self.wishes.seconds + 1 if self.has_stream else 0)

    @property
    def _warm_up_s(self) -> float:
        return min(self.wishes.seconds / 4, WARM_UP_S_MAX)

    def _made(self, count: int) -> Iterator[dict[str, Any]]:
        """New statements, made up to an hour ago."""
        seed, began_us = self._chance.getrandbits(30), time.time_ns() // 1_000 - _AGO_US
        return statements(count, seed=seed, learners=LEARNERS, began_us=began_us)

    async def _write(self, way: Writing) -> Figure:
        connections = self.wishes.connections or (4 if way.batch else WRITE_CONNECTIONS)
        count = max(WARM_UP_STATEMENTS // way.each, connections) * way.each
        warm = Stint(
            self.target,
            iter(list(written(self.target, way, self._made(count)))),
            connections=connections,
            seconds_max=self._warm_up_s,
        )
        await warm.work()
        per_s = len(warm.took_s) * way.each / warm.seconds
        wanted = min(int(per_s * self.wishes.seconds * _MARGIN) + count, STATEMENTS_MAX)
        # Before the clock starts, since making a statement takes about as long as sending it.
        made = list(written(self.target, way, self._made(wanted)))
        stint = Stint(self.target, iter(made), connections=connections, seconds_max=self.wishes.seconds)
        with _quiet():
            await stint.work()
        return figure(
            way.name,
            WRITE,
            connections=connections,
            took_s=stint.took_s,
            seconds=stint.seconds,
            statements=len(stint.took_s) * way.each,
            errors=stint.errors,
        )

    async def _look(self) -> Figure:
        """Find values for the filters. Gives no figure that is shown."""
        self._pages = queries(await sample(self.target), self._chance, limit=self.wishes.limit)
        return figure("", READ, connections=1, took_s=(), seconds=0.0)

    async def _read(self, name: str) -> Figure:
        connections = self.wishes.connections or READ_CONNECTIONS
        resources = self._pages[name]
        held = [len(await _page(self.target, resource)) for resource in resources[:5]]
        asked = cycle([self.target.request("GET", resource) for resource in resources])
        await Stint(self.target, asked, connections=connections, seconds_max=self._warm_up_s).work()
        stint = Stint(self.target, asked, connections=connections, seconds_max=self.wishes.seconds)
        with _quiet():
            await stint.work()
        return figure(
            name,
            READ,
            connections=connections,
            took_s=stint.took_s,
            seconds=stint.seconds,
            statements=round(len(stint.took_s) * sum(held) / len(held)),
            errors=stint.errors,
        )

    async def _listen(self) -> Figure:
        made = list(self._made(max(int(self.wishes.rate * self.wishes.seconds), 1)))
        with _quiet():
            return await deliveries(self.target, made, subscribers=self.wishes.subscribers, rate=self.wishes.rate)

    async def _catch_up(self) -> Figure:
        with _quiet():
            return await catch_up(self.target, seconds_max=self.wishes.seconds)


async def sample(target: Target) -> list[dict[str, Any]]:
    """Statements from all over the log of an LRS. Raises NotFound when it can't be reached."""
    found = await _page(target, "statements?limit=100")
    found += await _page(target, "statements?limit=100&ascending=true")
    times = sorted(datetime.fromisoformat(one["stored"]) for one in found if "stored" in one)
    for part in range(1, _MOMENTS) if times else ():
        moment = times[0] + (times[-1] - times[0]) * part / _MOMENTS
        since = quote(moment.isoformat(), safe=":")
        found += await _page(target, f"statements?since={since}&ascending=true&limit={_SAMPLED}")
    return found


async def _page(target: Target, resource: str) -> list[dict[str, Any]]:
    """The statements of a page, or the one asked for; none when there are none to be had."""
    status, body = await _get(target, resource)
    answer = _object(body) if status == 200 else None
    if answer is None:
        return []
    held = answer.get("statements")
    return held if isinstance(held, list) else [answer]


async def _get(target: Target, resource: str) -> tuple[int, bytes]:
    try:
        return await fetch(target, target.request("GET", resource))
    except OSError as error:
        why = str(error) or type(error).__name__
        raise NotFound(f"{target.url} can't be reached: {why}") from error


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _version(spoken: Sequence[str]) -> str:
    """The newest version 1.0, else the newest; 1.0.3 if none is told."""
    versions = sorted(one for one in spoken if isinstance(one, str))
    first = [one for one in versions if one.startswith("1.0.")]
    return (first or versions or ["1.0.3"])[-1]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the collector of cycles, whose pauses would count as the server's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
