"""The doors of the stream: a ``websocket``, server-sent ``events``, and the long poll for ``changes``.

All of them are readers of one hub under one registry of sessions, so cursors, filters, grants and limits are the same.
``asking`` is what two of them share, ``routes`` puts them below the base path. Does not enter: what is sent, and when.
"""
