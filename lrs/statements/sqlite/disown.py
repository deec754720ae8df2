"""Taking keys back: from a record that is erased, and from those that inherited them from it.

The opposite of ``inherit``. What is taken from a record is taken from everything that was noted of it, so that its
gains still lead from one state to the next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet

import orjson

from lrs.limits import REFERENCE_DEPTH_MAX
from lrs.statements.record import Position, StatementId
from lrs.statements.sqlite.inherit import keys_text
from lrs.statements.sqlite.names import Names
from lrs.statements.sqlite.targets import Targets
from lrs.statements.sqlite.terms import stored_text

_AT_ONCE = 20
_STATE = """SELECT r.keys, i.keys, i.first_keys, (SELECT f.target FROM reference AS f WHERE f.position = r.position)
    FROM record AS r LEFT JOIN inherited AS i ON i.position = r.position WHERE r.position = ?"""
_INHERITED = "UPDATE inherited SET keys = ?, first_keys = ? WHERE position = ?"
_GAINS = "SELECT place, keys, keys_before FROM gain WHERE position = ? ORDER BY place"
_GAIN = "UPDATE gain SET keys = ?, keys_before = ? WHERE place = ?"
_OWED = "SELECT EXISTS (SELECT 1 FROM owed)"
_REFERRERS = """SELECT r.id, r.position FROM reference AS f JOIN record AS r ON r.position = f.position
    WHERE f.target = ? AND f.position > ? ORDER BY f.position LIMIT ?"""
_DISOWN = "INSERT INTO disowned (target, beyond, depth) VALUES (?, ?, ?)"
_DISOWNED = "DELETE FROM disowned WHERE number = (SELECT min(number) FROM disowned) RETURNING target, beyond, depth"
_REFERRED = "SELECT EXISTS (SELECT 1 FROM reference WHERE target = ?)"
_UNINDEX = "INSERT INTO {0} ({0}, rowid, keys) VALUES ('delete', ?, ?)"
_REINDEX = "INSERT INTO {0} (rowid, keys) VALUES (?, ?)"

# References to what is erased count, wherever in the log they are.
_ANYWHERE = Position(2**62)


class Disowning:
    """Used within one transaction of an erasure."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._key_names = Names("key_name", "name")
        self._targets = Targets(connection, self._key_names, Names("course_set", "courses"))

    def strip(self, position: Position, statement_id: StatementId, own_before: str) -> None:
        """The record at ``position`` has lost keys; ``own_before``: those that it had itself."""
        self._targets.forget()
        self._rewrite(position, own_before)
        if self._connection.execute(_REFERRED, (statement_id,)).fetchone()[0]:
            self._connection.execute(_DISOWN, (statement_id, 0, REFERENCE_DEPTH_MAX))

    def go_on(self) -> bool:
        """Take back from a few who referred to what was erased; False when nobody is left."""
        row = self._connection.execute(_DISOWNED).fetchone()
        if row is None:
            return False
        target, beyond, depth = row
        found = self._connection.execute(_REFERRERS, (target, beyond, _AT_ONCE)).fetchall()
        for statement_id, position in found:
            self._rewrite(position, None)
            if depth > 1 and self._connection.execute(_REFERRED, (statement_id,)).fetchone()[0]:
                self._connection.execute(_DISOWN, (statement_id, 0, depth - 1))
        if len(found) == _AT_ONCE:
            self._connection.execute(_DISOWN, (target, found[-1][1], depth))
        return True

    def _rewrite(self, position: Position, own_before: str | None) -> None:
        """Have the record go by what it has itself and may still take over."""
        own_text, inherited, first, target = self._connection.execute(_STATE, (position,)).fetchone()
        before = inherited or own_before or own_text
        own = _keys(own_text)
        most = own if target is None else own | self._targets.taken(target, _ANYWHERE).keys
        after = own
        if inherited is not None:
            # As long as something is owed it may not have got everything yet.
            (owed,) = self._connection.execute(_OWED).fetchone()
            after = _keys(inherited) & most if owed else frozenset(most)
            lost = _keys(inherited) - most
            kept_first = None if first is None else keys_text(_keys(first) - lost)
            self._connection.execute(_INHERITED, (keys_text(after), kept_first, position))
            if first is not None:
                self._rewrite_gains(position, lost, keys_text(after))
        self._index("record_key", position, before, keys_text(after))

    def _rewrite_gains(self, position: Position, lost: AbstractSet[int], last: str) -> None:
        gains = self._connection.execute(_GAINS, (position,)).fetchall()
        for place, keys, keys_before in gains:
            after = last if place == gains[-1][0] else keys_text(_keys(keys) - lost)
            self._connection.execute(_GAIN, (after, keys_text(_keys(keys_before) - lost), place))
            self._index("gain_key", place, keys, after)

    def _index(self, table: str, number: int, before: str, after: str) -> None:
        if before != after:
            for sql, text in ((_UNINDEX, before), (_REINDEX, after)):
                words = stored_text(self._connection, self._key_names, text)
                self._connection.execute(sql.format(table), (number, words))


def _keys(text: str) -> frozenset[int]:
    return frozenset(orjson.loads(text))
