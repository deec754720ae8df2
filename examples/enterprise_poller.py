"""Fetches the records of an enterprise into a file of JSON Lines, again and again, by plain HTTP.

    TOKEN=… python enterprise_poller.py https://lrs.example.com/xapi/statements records.jsonl --every 60

Needs nothing but Python. Every statement that the token may see comes into the file, once and in the order in which it
was stored, however often this program, the server or the network fails: beside the file stands
``records.jsonl.place`` with how far it is good, and what was written beyond that is cut off at the next start.

A round asks for what was stored ``since`` the last one, follows ``more`` page after page, and ends with the time in the
header ``X-Experience-API-Consistent-Through``: the server promises that nothing can turn up any more that was stored
at that time or before. What a page holds beyond that time is left to the next round.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import Request, urlopen

CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
TIMEOUT_S = 60
PAUSE_S = 2

# What may pass by itself: no connection, or an answer that broke off.
TROUBLE = (OSError, HTTPException, json.JSONDecodeError)


class Place(NamedTuple):
    """How far the file is good.

    ``since``: everything up to this time is in the first ``through_bytes`` of the file. ``more``: when a round is under
    way, the page to go on with; what the round has written so far ends at ``bytes``.
    """

    since: str | None = None
    through_bytes: int = 0
    more: str = ""
    bytes: int = 0


class Records:
    """The file, and its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._note = path.with_name(path.name + ".place")
        self.place = Place(**json.loads(self._note.read_text())) if self._note.exists() else Place()
        path.touch()
        if path.stat().st_size < self.place.bytes:
            raise ValueError(f"{path} is shorter than {self._note} says: remove both to begin anew")
        os.truncate(path, self.place.bytes)

    def add(self, statements: list[dict[str, Any]], *, since: str, more: str) -> None:
        """Write ``statements``; then, with them safely on disk, where to go on: with ``more``, or ``since`` then."""
        with self._path.open("r+b") as file:
            # After a disk that was full, half of a page may stand there.
            file.seek(self.place.bytes)
            file.truncate()
            file.writelines(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in statements)
            file.flush()
            os.fsync(file.fileno())
            end = file.tell()
        if more:
            self._keep(self.place._replace(more=more, bytes=end))
        else:
            self._keep(Place(since, end, "", end))

    def go_back(self) -> None:
        """Take back the round that is under way."""
        os.truncate(self._path, self.place.through_bytes)
        self._keep(self.place._replace(more="", bytes=self.place.through_bytes))

    def _keep(self, place: Place) -> None:
        new = self._note.with_name(self._note.name + ".new")
        with new.open("w") as file:
            json.dump(place._asdict(), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._note)
        self.place = place


def fetch(url: str, token: str) -> tuple[dict[str, Any], str]:
    """A StatementResult, and up to when it is complete."""
    headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "1.0.3"}
    with urlopen(Request(url, headers=headers), timeout=TIMEOUT_S) as answer:  # noqa: S310 - the URL is the operator's.
        return json.load(answer), answer.headers[CONSISTENT_THROUGH]


def poll(records: Records, endpoint: str, token: str, courses: list[str]) -> None:
    """One round, or the rest of one. Where it could not be finished, the next one goes on."""
    while True:
        place = records.place
        url = urljoin(endpoint, place.more) if place.more else f"{endpoint}?{first_query(place.since, courses)}"
        try:
            result, through = fetch(url, token)
        except HTTPError as error:
            if place.more and error.code == 400:
                # The token may see something else than when the round began, so its pages no longer fit together.
                records.go_back()
                continue
            raise
        good = list(stored_by(through, result["statements"]))
        complete = len(good) == len(result["statements"])
        more = result["more"] if complete else ""
        records.add(good, since=through, more=more)
        if not more:
            return


def first_query(since: str | None, courses: list[str]) -> str:
    members = [("ascending", "true"), ("limit", "500"), *(("course", course) for course in courses)]
    return urlencode(members if since is None else [*members, ("since", since)])


def stored_by(through: str, statements: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Those of ``statements`` about which the server has promised that none is missing before them."""
    end = datetime.fromisoformat(through)
    for statement in statements:
        if datetime.fromisoformat(statement["stored"]) > end:
            return
        yield statement


def main() -> None:
    parser = argparse.ArgumentParser(description="Fetch statements into a file. The token is read from TOKEN.")
    parser.add_argument("endpoint", metavar="URL", help="https://…/xapi/statements")
    parser.add_argument("file", type=Path)
    parser.add_argument("--course", action="append", default=[], help="only this course; may be repeated")
    parser.add_argument("--every", type=float, metavar="SECONDS", help="poll again and again; without it, once")
    given = parser.parse_args()
    try:
        records = Records(given.file)
    except ValueError as error:
        sys.exit(str(error))
    while True:
        try:
            poll(records, given.endpoint, os.environ["TOKEN"], given.course)
        except TROUBLE as error:
            if isinstance(error, HTTPError) and error.code < 500 and error.code != 429:
                sys.exit(f"{error}: {error.read().decode(errors='replace')}")
            print(f"{error!r}; trying again in {PAUSE_S} s", file=sys.stderr, flush=True)
            time.sleep(PAUSE_S)
        else:
            if given.every is None:
                return
            time.sleep(given.every)


if __name__ == "__main__":
    main()
