"""Committing in a process of its own, or that several have, with numbers for jobs: each comes to ten times as much."""

from __future__ import annotations

import marshal
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from lrs.errors import LrsError, StoreUnavailable
from lrs.storage.child import Call, Child, Line, framed, new_name
from lrs.storage.runner import ChildRunner
from lrs.storage.writer import ThreadRunner, Writer
from tests.loops import WAIT_S, loop_thread

SLOW, FATAL, TOGETHER = 500, 666, "together"
SLOW_S = 0.3


def answer(messages: Sequence[memoryview]) -> Sequence[bytes]:
    """In the child: one that is slow, one that is its end, and one that asks how many messages there are."""
    asked = [marshal.loads(message) for message in messages]
    if [SLOW] in asked:
        time.sleep(SLOW_S)
    if [FATAL] in asked:
        os.kill(os.getpid(), signal.SIGKILL)
    return [marshal.dumps([len(messages) if job == TOGETHER else job * 10 for job in jobs]) for jobs in asked]


class Numbers:
    """``Codec`` that notes the groups."""

    def __init__(self) -> None:
        self.groups: list[list[Any]] = []

    def encode(self, jobs: Sequence[Any]) -> bytes:
        self.groups.append(list(jobs))
        return marshal.dumps(list(jobs))

    def decode(self, content: bytes | memoryview) -> Sequence[Any]:
        found: list[Any] = marshal.loads(content)
        return found


class House:
    """A writer with a child, and the jobs that came to the thread which took over."""

    def __init__(self, writer: Writer[Any, Any], child: Child, numbers: Numbers, taken_over: list[list[Any]]) -> None:
        self.writer = writer
        self.child = child
        self.numbers = numbers
        self.taken_over = taken_over

    def held(self, jobs: Sequence[Any]) -> list[Any]:
        """What comes of ``jobs``, which all come while the child is busy with a slow one."""
        found: dict[Any, Any] = {}

        def submit(job: Any) -> None:
            found[job] = self.writer.submit_now(job)

        threads = [threading.Thread(target=submit, args=(job,)) for job in (SLOW, *jobs)]
        threads[0].start()
        _until(lambda: bool(self.numbers.groups))
        for thread in threads[1:]:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        return [found[job] for job in jobs]


def _until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.005)


@contextmanager
def opened(refused: Sequence[LrsError] = ()) -> Iterator[House]:
    """``refused``: why nobody can take over, the first times."""
    child, numbers, taken_over, refusals = Child(answer), Numbers(), list[list[Any]](), list(refused)

    def commit(jobs: Sequence[Any], /) -> Sequence[Any]:
        taken_over.append(list(jobs))
        return [job * 10 for job in jobs]

    def successor() -> ThreadRunner:
        if refusals:
            raise refusals.pop()
        return ThreadRunner(commit)

    def made() -> Writer[Any, Any]:
        return Writer(ChildRunner(child, numbers, successor), group_size_max=100, queue_size_max=1000)

    with loop_thread() as loop:
        writer = loop.call(made)
        try:
            yield House(writer, child, numbers, taken_over)
        finally:
            writer.close()


@pytest.fixture
def house() -> Iterator[House]:
    with opened() as made:
        yield made


def test_each_job_gets_its_outcome_from_the_child(house: House) -> None:
    assert [house.writer.submit_now(job) for job in (1, 2)] == [10, 20]
    assert (house.numbers.groups, house.taken_over) == ([[1], [2]], [])


def test_what_comes_while_the_child_is_busy_is_sent_together(house: House) -> None:
    assert house.held([1, 2, 3]) == [10, 20, 30]
    assert house.numbers.groups[0] == [SLOW]
    assert sorted(chain.from_iterable(house.numbers.groups[1:])) == [1, 2, 3]
    assert len(house.numbers.groups) <= 3


def test_jobs_and_outcomes_may_be_longer_than_what_a_socket_holds(house: House) -> None:
    job = b"long" * 1_000_000
    assert house.writer.submit_now(job) == job * 10


def test_when_the_child_ends_its_group_and_all_later_ones_are_committed_here(house: House) -> None:
    assert house.writer.submit_now(FATAL) == FATAL * 10
    assert house.writer.submit_now(1) == 10
    assert house.taken_over == [[FATAL], [1]]
    assert house.writer.alive


def test_a_child_that_is_killed_while_it_is_idle_costs_nobody_anything(house: House) -> None:
    house.writer.submit_now(1)
    os.kill(house.child.pid, signal.SIGKILL)
    assert house.writer.submit_now(2) == 20
    assert house.taken_over == [[2]]


def test_closing_while_the_child_ends_commits_what_was_accepted_too() -> None:
    found: list[Any] = []
    with opened() as house:
        submitting = threading.Thread(target=lambda: found.append(house.writer.submit_now(SLOW)))
        submitting.start()
        _until(lambda: bool(house.numbers.groups))
        threading.Timer(SLOW_S / 3, os.kill, (house.child.pid, signal.SIGKILL)).start()
    submitting.join(WAIT_S)
    assert (found, house.taken_over) == ([SLOW * 10], [[SLOW]])


def test_as_long_as_nobody_can_take_over_jobs_are_refused() -> None:
    with opened(refused=[StoreUnavailable("the disk is gone")]) as house:
        with pytest.raises(StoreUnavailable, match="the disk is gone"):
            house.writer.submit_now(FATAL)
        assert house.writer.submit_now(1) == 10
        assert house.taken_over == [[1]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_for_the_whole_group_of_processes_leave_the_child_at_work(house: House, number: int) -> None:
    os.kill(house.child.pid, number)
    assert house.writer.submit_now(1) == 10
    assert house.taken_over == []


def test_closing_commits_what_was_accepted_and_ends_the_child() -> None:
    found: list[Any] = []
    with opened() as house:
        submitting = threading.Thread(target=lambda: found.append(house.writer.submit_now(SLOW)))
        submitting.start()
        _until(lambda: bool(house.numbers.groups))
    submitting.join(WAIT_S)
    assert found == [SLOW * 10]
    with pytest.raises(ProcessLookupError):
        os.kill(house.child.pid, 0)


def spoken(line: Line, jobs: list[Any]) -> list[Any]:
    """What comes of ``jobs``, sent by ``line``."""
    send(line, jobs)
    return heard(line)


def send(line: Line, jobs: list[Any]) -> None:
    line.socket.sendall(framed(marshal.dumps(jobs)))


def heard(line: Line) -> list[Any]:
    line.socket.settimeout(WAIT_S)
    found: list[Any] = marshal.loads(line.socket.recv(1 << 16)[8:])
    return found


def test_what_is_written_to_a_file_of_before_goes_nowhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before, after = (tmp_path / "before").open("w+b", buffering=0), tmp_path / "after"

    def write(_: Sequence[memoryview]) -> Sequence[bytes]:
        with after.open("wb", buffering=0) as opened:
            opened.write(b"what belongs here")
            before.write(b"a line of a log")
        raise ValueError("what ails it")

    with before, closing(Child(write)) as child:
        child.socket.setblocking(True)
        child.socket.sendall(framed(b""))
        assert child.socket.recv(1) == b""
        assert (before.read(), after.read_bytes()) == (b"", b"what belongs here")
    assert "ValueError: what ails it" in capfd.readouterr().err


def test_several_processes_may_have_one_child_which_commits_what_they_send_together() -> None:
    name = new_name()
    with closing(Child(answer, name)) as own, closing(Call(name)) as one, closing(Call(name)) as other:
        assert [spoken(line, [1]) for line in (own, one, other)] == [[10], [10], [10]]
        send(own, [SLOW])
        time.sleep(SLOW_S / 3)
        send(one, [TOGETHER, 1])
        send(other, [2])
        assert [heard(own), heard(one), heard(other)] == [[SLOW * 10], [2, 10], [20]]


def test_a_process_that_is_gone_in_the_middle_of_a_message_costs_the_others_nothing() -> None:
    name = new_name()
    with closing(Child(answer, name)), closing(Call(name)) as other:
        with closing(Call(name)) as gone:
            gone.socket.send(framed(marshal.dumps([1]))[:-1])
        with closing(Call(name)) as gone:
            send(gone, [SLOW])
        assert spoken(other, [1]) == [10]


def test_nobody_is_called_who_is_not_there() -> None:
    with pytest.raises(OSError, match="refused"):
        Call(new_name())


def test_a_process_of_another_user_is_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    name = new_name()
    with closing(Child(answer, name)):
        monkeypatch.setattr("os.geteuid", lambda: 12345)
        with pytest.raises(PermissionError, match="another user"):
            Call(name)


def test_a_process_of_another_user_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    name = new_name()
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with closing(Child(answer, name)):
        monkeypatch.undo()
        with closing(Call(name)) as call:
            call.socket.settimeout(WAIT_S)
            # What was sent may be refused before the end is read.
            with suppress(ConnectionError):
                send(call, [1])
                assert call.socket.recv(1) == b""


@pytest.mark.parametrize("sent", [b"", b"\x05", (5).to_bytes(8, "little") + b"half"])
def test_the_child_ends_when_the_process_that_it_is_for_is_gone(sent: bytes) -> None:
    child = Child(answer)
    child.socket.send(sent)
    # The system closes the files of a process that ends.
    child.socket.close()
    pid, status = os.waitpid(child.pid, 0)
    assert (pid, os.waitstatus_to_exitcode(status)) == (child.pid, 0)
