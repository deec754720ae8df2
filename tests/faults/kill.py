"""A server that is killed (``kill -9``) at random points of writes, streams and starts, round after round.

    python -m tests.faults.kill --rounds 300 [--seed N]

In some rounds the process that writes for it is killed alone before, of which no client may notice anything.
After each kill and restart: every statement that was answered is there, no batch is there by half, and subscribers by
websocket, server-sent events and long poll that go on from their last cursors were told everything, in the order of
the log, each once; the ``prev`` of every frame is the cursor before it. One whose cursor the server keeps is told again
what it had not acknowledged, or only just, and misses nothing. Now and then a backup is made meanwhile: it can be
restored, and is the log up to a statement of that time. At the end the whole log is verified, and read once more from
the beginning.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx

from tests.faults.followers import DurableFollower, EventFollower, PollFollower
from tests.samples import COURSE_A, COURSE_B, statement
from tests.system.access import STATEMENTS, WAIT_S, add_consumer, client, key_of, page_through, token_for
from tests.system.follower import Follower, head_of
from tests.system.server import Server, running

FollowerT = TypeVar("FollowerT", bound=Follower)

WRITERS = 3
BATCHES = (0, 1, 2, 60)
"""Statements in one request; 0 stands for a PUT."""
START_S = 1.0
"""About how long a start takes; it is killed at any time of it."""
LULL_S = 0.4
ROUND_S = 3 * WAIT_S
FOLLOWERS = 6
LOG_PROCESS_KILLED = 0.3
"""In how many rounds the process that writes for the server is killed before it."""
BACKED_UP_ROUNDS = 10
"""In one of so many a backup is made, beginning with the second."""


@dataclass
class Tally:
    """What the clients know: ``course_of`` all that was sent, in ``stored`` what the server says that it has."""

    seed: int
    rounds: int = 0
    starts_killed: int = 0
    log_processes_killed: int = 0
    unanswered: int = 0
    course_of: dict[str, str] = field(default_factory=dict)
    sent: list[list[str]] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    answers: int = 0
    stored: list[str] = field(default_factory=list)
    stored_at: str | None = None
    connections: int = 0
    again: int = 0
    backups: int = 0
    verified: str = ""
    seconds: float = 0

    def __str__(self) -> str:
        return (
            f"{self.rounds} kills of a running server and {self.starts_killed} of a start, "
            f"{self.log_processes_killed} before of the process that writes, {self.seconds:.0f} s: "
            f"{len(self.answered)} statements answered, {self.unanswered} requests cut off, {len(self.stored)} stored, "
            f"{self.connections} connections of {FOLLOWERS} subscribers, {self.again} statements that one of them had "
            f"not acknowledged told again, {self.backups} backups; nothing lost, nothing twice, nothing by half"
        )


class Rounds:
    """The rounds on one store, with subscribers that live through all of them."""

    def __init__(self, server: Server, seed: int) -> None:
        self.tally = Tally(seed)
        self._server = server
        self._chance = random.Random(seed)
        add_consumer(server, "lms", "statements/write")
        self._key = key_of(server, "lms")
        self._token = token_for(server, "engine", "stream", "statements/read")
        of_a = {"course": [COURSE_A]}
        self._all = self._follower(Follower)
        self._durable = self._follower(DurableFollower)
        self._of_all = (self._all, self._durable, self._follower(EventFollower), self._follower(PollFollower))
        self._of_a = (self._follower(Follower, of_a), self._follower(EventFollower, of_a))

    async def play(self, rounds: int, told: Callable[[str], object]) -> None:
        """So many rounds, and the last look at everything. AssertionError for what must not be."""
        began = time.monotonic()
        for _ in range(rounds):
            async with asyncio.timeout(ROUND_S):
                await self._round()
            if self.tally.rounds % 25 == 0:
                told(f"{self.tally.rounds} rounds, {len(self.tally.stored)} statements")
        self.tally.verified = await asyncio.to_thread(self._server.run, "verify")
        assert str(len(self.tally.stored)) in self.tally.verified
        await self._read_once_more()
        assert "Traceback" not in self._server.output, self._server.output
        self.tally.seconds = time.monotonic() - began

    async def _round(self) -> None:
        sent_before = len(self.tally.sent)
        async with asyncio.TaskGroup() as group:
            for follower in (*self._of_all, *self._of_a):
                follower.go_on()
                group.create_task(follower.run())
            backup = group.create_task(self._back_up()) if self.tally.rounds % BACKED_UP_ROUNDS == 1 else None
            await self._write_and_kill()
            await self._start_again()
            head = await head_of(self._server, self._token)
            for follower in (*self._of_all, *self._of_a):
                follower.finish(head)
        self.tally.rounds += 1
        await self._read_what_is_new()
        self._check(sent_before)
        if backup is not None:
            await asyncio.to_thread(self._check_backup, *backup.result())

    async def _back_up(self) -> tuple[Path, set[str]]:
        """Where the backup is, and which statements were answered before it began."""
        file = self._server.data.parent / f"backup-{self.tally.rounds}.tar"
        answered = set(self.tally.answered)
        await asyncio.to_thread(self._server.run, "backup", str(file))
        return file, answered

    def _check_backup(self, file: Path, answered: set[str]) -> None:
        """It can be restored, which verifies it, and has all that it must have and nothing out of order."""
        restored = file.with_suffix("")
        self._server.run("restore", str(file), "--data", str(restored))
        with closing(sqlite3.connect(restored / "lrs.sqlite3")) as connection:
            ids = [str(UUID(bytes=one)) for (one,) in connection.execute("SELECT id FROM record ORDER BY position")]
        assert ids == self.tally.stored[: len(ids)], "the backup is not a beginning of the log"
        assert answered <= set(ids), f"not in the backup: {answered - set(ids)}"
        shutil.rmtree(restored)
        file.unlink()
        self.tally.backups += 1

    async def _write_and_kill(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self._write())
            await self._moment()
            if self._chance.random() < LOG_PROCESS_KILLED:
                os.kill(self._log_process(), signal.SIGKILL)
                self.tally.log_processes_killed += 1
                await self._moment()
            # From within the loop: nobody comes between the moment and the kill.
            os.kill(self._server.pid, signal.SIGKILL)
            await asyncio.to_thread(self._server.kill)

    def _log_process(self) -> int:
        """The process that writes for the server."""
        (number,) = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split()
        return int(number)

    async def _moment(self) -> None:
        """Wait for a time, or until a client has just been told something."""
        what = self._chance.choice(("time", "answer", "statement"))
        if what == "time":
            await asyncio.sleep(self._chance.uniform(0, LULL_S))
            return
        count: Callable[[], int] = (lambda: self.tally.answers) if what == "answer" else (lambda: len(self._all.ids))
        wanted = count() + self._chance.randint(1, 40 if what == "answer" else 400)
        while count() < wanted:  # noqa: ASYNC110 - It is watched from outside of what counts.
            await asyncio.sleep(0.001)

    async def _start_again(self) -> None:
        """Start it; sometimes it is killed while it starts, too."""
        while self._chance.random() < 0.25:
            starting = asyncio.create_task(asyncio.to_thread(self._server.start))
            await asyncio.sleep(self._chance.uniform(0.02, START_S))
            with suppress(AssertionError):
                os.kill(self._server.pid, signal.SIGKILL)
                self.tally.starts_killed += 1
            with suppress(AssertionError):
                await starting
            await asyncio.to_thread(self._server.kill)
        await asyncio.to_thread(self._server.start)

    async def _write(self) -> None:
        """One request after the other until the server is gone."""
        async with client(self._server, self._key) as writer:
            with suppress(httpx.TransportError):
                while True:
                    self.tally.unanswered += 1
                    await self._write_once(writer)
                    self.tally.unanswered -= 1

    async def _write_once(self, writer: httpx.AsyncClient) -> None:
        count = self._chance.choice(BATCHES)
        courses = [self._chance.choice((COURSE_A, COURSE_B)) for _ in range(count or 1)]
        made = [statement(course=course) for course in courses]
        names = [one["id"] for one in made]
        self.tally.sent.append(names)
        self.tally.course_of.update(zip(names, courses, strict=True))
        if count:
            answer = await writer.post(STATEMENTS, json=made)
        else:
            answer = await writer.put(STATEMENTS, params={"statementId": names[0]}, json=made[0])
        assert answer.is_success, answer.text
        self.tally.answered.update(names)
        self.tally.answers += 1

    async def _read_what_is_new(self) -> None:
        since = {} if self.tally.stored_at is None else {"since": self.tally.stored_at}
        async with client(self._server, self._token) as reader:
            found = await page_through(reader, ascending="true", limit=500, **since)
        if found:
            self.tally.stored += [one["id"] for one in found]
            self.tally.stored_at = found[-1]["stored"]

    def _check(self, sent_before: int) -> None:
        tally = self.tally
        there = set(tally.stored)
        assert len(there) == len(tally.stored), "a statement is there twice"
        assert there <= tally.course_of.keys(), "a statement is there that nobody sent"
        assert tally.answered <= there, f"lost: {tally.answered - there}"
        for batch in tally.sent[sent_before:]:
            assert len(there.intersection(batch)) in (0, len(batch)), f"by half: {batch}"
        of_a = [one for one in tally.stored if tally.course_of[one] == COURSE_A]
        for followers, stored in ((self._of_all, tally.stored), (self._of_a, of_a)):
            for follower in followers:
                assert follower.ids == stored, f"{type(follower).__name__} was told something else"
        tally.connections = sum(follower.connections for follower in (*self._of_all, *self._of_a))
        tally.again = self._durable.again

    async def _read_once_more(self) -> None:
        """A subscriber who comes only now is told the same as those who were there."""
        late = self._follower(Follower)
        late.finish(await head_of(self._server, self._token))
        async with asyncio.timeout(ROUND_S):
            await late.run()
        assert late.ids == self.tally.stored

    def _follower(self, kind: type[FollowerT], filter_: dict[str, list[Any]] | None = None) -> FollowerT:
        chance = random.Random(self._chance.random())
        return kind(self._server, self._token, filter_ or {}, chance, start="beginning")


def play(data: Path, *, rounds: int, seed: int, told: Callable[[str], object]) -> Tally:
    """So many rounds on a new store. AssertionError for what must not be, and the seed with it."""
    with running(data, LRS_HEARTBEAT_S="0.2") as server:
        all_rounds = Rounds(server, seed)
        try:
            asyncio.run(all_rounds.play(rounds, told))
        except BaseException as failure:
            failure.add_note("\n".join([f"seed {seed}; the server's last words:", *server.lines[-60:]]))
            raise
        return all_rounds.tally


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()

    def told(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    told(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory(prefix="lrs-kill-") as folder:
        told(str(play(Path(folder) / "data", rounds=arguments.rounds, seed=arguments.seed, told=told)))


if __name__ == "__main__":
    main()
