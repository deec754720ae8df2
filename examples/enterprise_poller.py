"""Fetches the records of an enterprise into a file of JSON Lines, again and again, by plain HTTP.

    TOKEN=… python enterprise_poller.py https://lrs.example.com/xapi/statements records.jsonl --every 60

Needs nothing but Python. Every statement that the token may see comes into the file, once and in the order in which it
was stored, however often this program, the server or the network fails: beside the file stands
``records.jsonl.place`` with how far it is good, and what was written beyond that is cut off at the next start.

Each request asks for what came ``after`` a cursor, and the header ``X-LRS-Cursor`` of its answer is where to go on. An
answer without statements says that there is nothing more for now. The parameter is one of lrs-lite; how to do it with
the standard alone is told in docs/quickstart-enterprise.md, and so is how to learn which statements were erased with a
learner: this program does not take them out of the file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

CURSOR = "X-LRS-Cursor"
TIMEOUT_S = 60
PAUSE_S = 2

# What may pass by itself: no connection, or an answer that broke off.
TROUBLE = (OSError, HTTPException, json.JSONDecodeError)


class Place(NamedTuple):
    """How far the file is good: everything up to ``cursor`` is in its first ``bytes``."""

    cursor: str = "beginning"
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

    def add(self, statements: list[dict[str, Any]], cursor: str) -> None:
        """Write ``statements``; then, with them safely on disk, that ``cursor`` stands behind them."""
        with self._path.open("r+b") as file:
            # After a disk that was full, half of an answer may stand there.
            file.seek(self.place.bytes)
            file.truncate()
            file.writelines(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in statements)
            file.flush()
            os.fsync(file.fileno())
            self._keep(Place(cursor, file.tell()))

    def _keep(self, place: Place) -> None:
        new = self._note.with_name(self._note.name + ".new")
        with new.open("w") as file:
            json.dump(place._asdict(), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._note)
        self.place = place


def fetch(url: str, token: str) -> tuple[list[dict[str, Any]], str]:
    """Statements, and the cursor behind them."""
    headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "1.0.3"}
    with urlopen(Request(url, headers=headers), timeout=TIMEOUT_S) as answer:  # noqa: S310 - the URL is the operator's.
        cursor = answer.headers[CURSOR]
        if cursor is None:
            sys.exit("this server does not know the parameter after")
        return json.load(answer)["statements"], cursor


def poll(records: Records, endpoint: str, token: str, courses: list[str]) -> None:
    """Everything that is there for now. Where it could not be finished, the next time goes on."""
    statements: list[dict[str, Any]] | None = None
    while statements != []:
        asked = [("after", records.place.cursor), ("limit", "500"), *(("course", course) for course in courses)]
        statements, cursor = fetch(f"{endpoint}?{urlencode(asked)}", token)
        records.add(statements, cursor)


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
            # Among them 410: the server's history was replaced by a backup of it, so the file is to be made anew.
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
