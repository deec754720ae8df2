"""An adaptive engine in one file: it follows what learners answer, and says what each of them should do next.

    pip install lrs-lite
    TOKEN=… python adaptive_engine.py --lrs wss://lrs.example.com/xapi/stream --course course-v1:Org+C1+2026
    curl "http://127.0.0.1:8090/next?learner=ann"

How well a learner masters a skill is estimated by Bayesian knowledge tracing (Corbett and Anderson, 1995), from
statements with the verb ``evaluated``. Which skill a problem needs is said by a JSON file, ``--skills``, that maps ids
of activities to names; without it each problem is a skill of its own. A learner has the name of the actor's account.

Where it is in the log is kept by the server, under ``--name``. What a batch of statements teaches is in an SQLite file
before the engine asks for the next one, which acknowledges it. So the engine may be killed at any moment: what it had
not acknowledged comes again, and what it knows already is recognised by its id, so that no answer is lost or counted
twice. While the server is away it answers from what it knows. A new file begins at the beginning. Whoever puts back an
older one has the server forget the name (``lrs cursor drop``): the engine then goes on from the cursor in the file.

When a learner is erased on the server, the engine is told which statements are gone, and forgets what they had taught
it. What was erased while it was away it asks for each time it has caught up.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from lrs.client import Batch, EpochChanged, Erased, Refused, SyncStream

EVALUATED = "https://w3id.org/xapi/acrossx/verbs/evaluated"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"

# Probabilities: that a skill is known before the first answer, that an answer teaches it, that somebody who knows it
# slips, and that somebody who does not guesses right.
KNOWN, LEARN, SLIP, GUESS = 0.25, 0.15, 0.1, 0.2
MASTERED = 0.95

TIMEOUT_S = 60
PAUSE_S = 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
  number INTEGER PRIMARY KEY, id TEXT UNIQUE, learner TEXT, skill TEXT, activity TEXT, success INTEGER
);
CREATE INDEX IF NOT EXISTS answer_by_learner ON answer (learner, skill);
CREATE TABLE IF NOT EXISTS activity (number INTEGER PRIMARY KEY, id TEXT UNIQUE, skill TEXT);
CREATE TABLE IF NOT EXISTS mastery (learner TEXT, skill TEXT, known REAL, PRIMARY KEY (learner, skill));
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT);
CREATE TABLE IF NOT EXISTS erasures (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT);
"""

# The skill that is known least, of those not mastered, and an activity for it that the learner has answered least.
NEXT = """
SELECT activity.skill, activity.id, coalesce(known, :known) FROM activity
LEFT JOIN mastery ON mastery.learner = :learner AND mastery.skill = activity.skill
LEFT JOIN (SELECT activity, count(*) AS times FROM answer WHERE learner = :learner GROUP BY activity) AS done
  ON done.activity = activity.id
WHERE coalesce(known, :known) < :mastered
ORDER BY coalesce(known, :known), coalesce(times, 0), activity.number LIMIT 1
"""


def traced(known: float, *, success: bool) -> float:
    """The probability that a skill is known, after an answer."""
    right = known * (1 - SLIP) if success else known * SLIP
    wrong = (1 - known) * GUESS if success else (1 - known) * (1 - GUESS)
    evidence = right / (right + wrong)
    return evidence + (1 - evidence) * LEARN


class State:
    """What the engine knows, in ``path``; one thread writes, any may read."""

    def __init__(self, path: Path, skills: Mapping[str, str]) -> None:
        self._path = path
        self._skills = skills
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # What is forgotten is not to be readable in the file either.
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.executescript(SCHEMA)
        with self._connection:
            self._note_skills()

    @property
    def cursor(self) -> str | None:
        """Up to where it has learnt; None at the very beginning."""
        row = self._connection.execute("SELECT cursor FROM place").fetchone()
        return row[0] if row else None

    @property
    def erasures(self) -> str | None:
        """Up to where it has asked for what was erased; None if it never has."""
        row = self._connection.execute("SELECT cursor FROM erasures").fetchone()
        return row[0] if row else None

    def take(self, batch: Batch) -> None:
        """Learn from ``batch``, and remember that: both or, when killed, neither."""
        if isinstance(batch, Erased):
            self.erase(batch.ids)
            return
        with self._connection:
            for statement in batch:
                self._note(statement)
            self._connection.execute("REPLACE INTO place VALUES (1, ?)", (batch.cursor,))

    def erase(self, ids: Iterable[str], erasures: str | None = None) -> None:
        """Forget what these statements taught; ``erasures``: up to where that is all."""
        with self._connection:
            for statement_id in ids:
                self._take_back(statement_id)
            if erasures is not None:
                self._connection.execute("REPLACE INTO erasures VALUES (1, ?)", (erasures,))
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def forget(self) -> None:
        """Begin anew: the server's history is not the one that this was learnt from."""
        with self._connection:
            for table in ("answer", "activity", "mastery", "place", "erasures"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of its own.
            self._note_skills()

    def advice(self, learner: str) -> dict[str, Any]:
        """What ``learner`` should do next; null when everything is mastered."""
        with closing(sqlite3.connect(self._path)) as reading:
            known = dict(reading.execute("SELECT skill, known FROM mastery WHERE learner = ?", (learner,)))
            named = {"learner": learner, "known": KNOWN, "mastered": MASTERED}
            found = reading.execute(NEXT, named).fetchone()
        step = found and dict(zip(("skill", "activity", "known"), found, strict=True))
        return {"learner": learner, "next": step, "known": known}

    def _note(self, statement: Mapping[str, Any]) -> None:
        verb, about = statement["verb"]["id"], statement["object"]
        if verb == VOIDED:
            self._take_back(about["id"])
        success = statement.get("result", {}).get("success")
        learner = name_of(statement["actor"])
        is_activity = about.get("objectType", "Activity") == "Activity"
        if verb == EVALUATED and is_activity and learner is not None and isinstance(success, bool):
            skill = self._skills.get(about["id"], about["id"])
            self._note_activity(about["id"], skill)
            answer = (statement["id"], learner, skill, about["id"], success)
            inserted = self._connection.execute(
                "INSERT OR IGNORE INTO answer (id, learner, skill, activity, success) VALUES (?, ?, ?, ?, ?)", answer
            )
            if not inserted.rowcount:
                return
            row = self._connection.execute(
                "SELECT known FROM mastery WHERE learner = ? AND skill = ?", (learner, skill)
            ).fetchone()
            self._know(learner, skill, traced(row[0] if row else KNOWN, success=success))

    def _take_back(self, statement_id: str) -> None:
        """An answer was voided or erased: what is known follows from the others, in their order."""
        row: tuple[str, str] | None = self._connection.execute(
            "DELETE FROM answer WHERE id = ? RETURNING learner, skill", (statement_id,)
        ).fetchone()
        if row is None:
            return
        self._connection.execute("DELETE FROM mastery WHERE learner = ? AND skill = ?", row)
        known = KNOWN
        for (success,) in self._connection.execute(
            "SELECT success FROM answer WHERE learner = ? AND skill = ? ORDER BY number", row
        ).fetchall():
            known = traced(known, success=bool(success))
            self._know(*row, known)

    def _know(self, learner: str, skill: str, known: float) -> None:
        self._connection.execute("REPLACE INTO mastery VALUES (?, ?, ?)", (learner, skill, known))

    def _note_skills(self) -> None:
        for activity, skill in self._skills.items():
            self._note_activity(activity, skill)

    def _note_activity(self, activity: str, skill: str) -> None:
        self._connection.execute("INSERT OR IGNORE INTO activity (id, skill) VALUES (?, ?)", (activity, skill))


def name_of(actor: Mapping[str, Any]) -> str | None:
    """The one name of a learner; None for a group without any."""
    account = actor.get("account")
    name = account["name"] if account else actor.get("mbox") or actor.get("openid") or actor.get("mbox_sha1sum")
    return None if name is None else str(name)


def answer_questions(state: State, port: int) -> ThreadingHTTPServer:
    """Answer ``GET /next?learner=…`` on 127.0.0.1, in threads."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            learners = parse_qs(url.query).get("learner", [])
            found = url.path == "/next" and len(learners) == 1
            answer = state.advice(learners[0]) if found else {"error": "ask for /next?learner=NAME"}
            body = json.dumps(answer).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def erased(url: str, token: str, after: str | None) -> Iterator[tuple[list[str], str]]:
    """Ids of statements that were erased, in pages, each with the cursor behind it; ``url`` is that of the stream."""
    endpoint = urlsplit(url)
    scheme = endpoint.scheme.replace("ws", "http")
    path = endpoint.path.removesuffix("/stream") + "/statements/erased"
    headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "1.0.3"}
    more = True
    while more:
        query = urlencode({} if after is None else {"after": after})
        asked = Request(endpoint._replace(scheme=scheme, path=path, query=query).geturl(), headers=headers)  # noqa: S310
        with urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the URL is the operator's.
            page = json.load(answer)
        after, more = str(page["after"]), page["more"]
        yield page["erased"], after


def learn(state: State, url: str, name: str, *, token: str, courses: list[str]) -> None:
    """From everything that the engine does not know yet, for ever."""
    while True:
        known = state.cursor
        try:
            with SyncStream(
                url,
                token=token,
                durable=name,
                # Without anything learnt, what the server keeps under the name is of no use.
                reset=known is None,
                after=known,
                start="beginning",
                course=courses,
                verb=[EVALUATED],
            ) as stream:
                for batch in stream.batches():
                    state.take(batch)
                    if batch.live:
                        # It has come again, and what is erased from now on it is told.
                        for ids, erasures in erased(url, token, state.erasures):
                            state.erase(ids, erasures)
        except EpochChanged:
            state.forget()
        except HTTPError as error:
            if error.code == 410:
                state.forget()
            elif error.code < 500 and error.code != 429:
                raise Refused(str(error.code), error.reason) from error
            else:
                time.sleep(PAUSE_S)
        except (OSError, HTTPException, json.JSONDecodeError):
            # The server went away while it was asked.
            time.sleep(PAUSE_S)


def main() -> None:
    parser = argparse.ArgumentParser(description="What should a learner do next? The token is read from TOKEN.")
    parser.add_argument("--lrs", required=True, metavar="URL", help="wss://…/xapi/stream")
    parser.add_argument("--course", required=True, action="append", help="may be repeated")
    parser.add_argument("--skills", type=Path, help="JSON file that maps ids of activities to skills")
    parser.add_argument("--name", default="adaptive-engine", help="under which the server keeps its place")
    parser.add_argument("--state", type=Path, default=Path("engine.sqlite3"))
    parser.add_argument("--port", type=int, default=8090)
    given = parser.parse_args()
    skills = json.loads(given.skills.read_text()) if given.skills else {}
    state = State(given.state, skills)
    server = answer_questions(state, given.port)
    print(f"Ask http://127.0.0.1:{server.server_port}/next?learner=NAME", flush=True)
    try:
        learn(state, given.lrs, given.name, token=os.environ["TOKEN"], courses=given.course)
    except Refused as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
