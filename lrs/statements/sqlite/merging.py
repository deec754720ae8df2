"""The key index in one piece.

FTS5 keeps what each commit brings apart, and merges the parts little by little, so that none of the commits waits for
long. A store that was just filled has several large parts left, and a page by two keys has to go through all of them.
"""

from __future__ import annotations

from lrs.storage.sqlite import Store

_STEP_PAGES = 500
_NOTHING_DONE = 2
"""Fewer changes than that are made where there is nothing left to merge (SQLite FTS5, 6.8)."""


def merge_index(store: Store) -> None:
    """Merge all parts, in steps between which other writers have their turn."""
    # A negative number begins with all parts at once, however few there are.
    pages, changes = -_STEP_PAGES, _NOTHING_DONE
    while changes >= _NOTHING_DONE:
        with store.writing() as connection:
            before = connection.total_changes
            connection.execute("INSERT INTO record_key (record_key, rank) VALUES ('merge', ?)", (pages,))
            changes = connection.total_changes - before
        pages = _STEP_PAGES
