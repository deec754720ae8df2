"""The append-only log and the Statement Resource.

Lives here: what a record is, its keys, what a reader asks (``Filter``) and may see (``Visibility``), cursors, pages,
formats, voiding, and the adapter that keeps all of it in SQLite. Does not enter: who the reader is (``lrs.auth``
decides), sockets of the stream (``lrs.subscriptions``), and the rules of a statement's values (``lrs.xapi``).

Only ``http`` and ``sqlite`` touch the world.
"""
