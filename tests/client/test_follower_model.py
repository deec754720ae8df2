"""Whatever happens to its connections, a follower gives its program the log: all of it, in order, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.client.asking import PROTOCOL
from lrs.client.batches import Batch
from lrs.client.errors import Interrupted
from lrs.client.follower import AskToken, Connect, Pause, Receive, Say
from tests.client.drive import Drive

MATCHING = [number % 3 != 0 for number in range(40)]
"""A log, and which of its records are asked for. The cursor ``n`` stands after n records."""

# What a server and the network may do next; "gap" and "damage" must never happen, and are survived all the same.
DEEDS = st.lists(
    st.sampled_from(["statements", "statements", "statements", "heartbeat", "cut", "gap", "damage", "news", "forget"]),
    max_size=60,
)


class Server:
    """The other end: at ``place`` in the log, with each frame as the next deed has it."""

    def __init__(self) -> None:
        self.place = 0
        self.told = 0
        self.kept: int | None = None
        self.deaf = False
        self.pending: list[bytes] = []

    def connected(self) -> None:
        self.pending = [orjson.dumps({"type": "hello", "protocol": PROTOCOL, "heartbeat_s": 20})]

    def forget(self) -> None:
        """As when it is killed: what was acknowledged last is not on disk, and more gets lost on the way."""
        self.kept = self.kept and self.kept // 2
        self.deaf = not self.deaf

    def hear(self, frame: dict[str, object]) -> None:
        if frame["type"] == "ack":
            self.acknowledge(int(str(frame["cursor"])))
            return
        self.place = int(str(frame.get("after", 0)))
        if "durable" in frame:
            if self.kept is None or "reset" in frame:
                self.kept = self.place
            self.place = self.kept
        self.told = self.place
        self.pending.append(orjson.dumps({"type": "subscribed", "re": 1, "sub": "main", "after": str(self.place)}))

    def acknowledge(self, place: int) -> None:
        assert self.kept is not None
        assert self.kept < place <= self.told
        if not self.deaf:
            self.kept = place

    def do(self, deed: str, size: int) -> bytes:
        """A frame."""
        if deed == "damage":
            return b'{"type":"statem'
        if deed == "news" or self.place == len(MATCHING):
            return b'{"type":"news"}'
        before = self.told
        end = min(len(MATCHING), self.place + size)
        found = [{"id": number} for number in range(self.place, end) if MATCHING[number]]
        self.place = self.told = end
        if deed == "gap":
            return self._statements(before + 1, [{"id": "never"}])
        if found:
            return self._statements(before, found)
        return orjson.dumps({"type": "heartbeat", "subs": {"main": str(end)}})

    def _statements(self, prev: int, found: Sequence[Mapping[str, object]]) -> bytes:
        members = {"sub": "main", "prev": str(prev), "cursor": str(self.told), "statements": found}
        return orjson.dumps({"type": "statements", **members})


@given(DEEDS, st.lists(st.integers(1, 7), min_size=1, max_size=10), st.booleans())
@settings(deadline=None)
def test_what_the_program_gets_is_the_log_up_to_its_cursor(deeds: list[str], sizes: list[int], durable: bool) -> None:
    drive, server = Drive(start="beginning", keeping={"durable": "k"} if durable else {}), Server()
    got: list[int] = []
    queue = [*deeds, *["statements"] * len(MATCHING)]
    number = 0
    while drive.follower.cursor != str(len(MATCHING)):
        match drive.step:
            case Batch() as batch:
                got += [one["id"] for one in batch]
                assert int(batch.prev) < int(batch.cursor)
                assert got == [n for n in range(int(batch.cursor)) if MATCHING[n]]
                drive.answer()
            case AskToken():
                drive.answer("t")
            case Connect():
                server.connected()
                drive.answer()
            case Say(text):
                server.hear(orjson.loads(text))
                drive.answer()
            case Pause():
                drive.answer()
            case Receive() if server.pending:
                drive.answer(server.pending.pop(0))
            case Receive():
                number += 1
                deed = queue.pop(0) if queue else "statements"
                if deed == "forget":
                    server.forget()
                    deed = "cut"
                if deed == "cut":
                    drive.fail(Interrupted("cut"))
                else:
                    drive.answer(server.do(deed, sizes[number % len(sizes)]))
    assert got == [n for n in range(len(MATCHING)) if MATCHING[n]]
