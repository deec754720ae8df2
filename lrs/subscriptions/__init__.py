"""Live subscriptions: a reader of the log that waits at its head.

What lives here: the stream protocol (``protocol``, ``effects``, ``client_frames``, ``frames``, ``closing``: pure) with
its ``description`` for programs, what a subscriber asks for (``openings``, ``filters``, ``starts``), what it has dealt
with (``acknowledging``, ``durables``; kept by ``writer`` in ``sqlite``), the newest matching records in memory
(``channels``), the task that follows the log (``tail``), subscriptions (``hub``), connections (``session``) and their
doors (``http``). Does not enter: who the reader is (``lrs.auth`` decides) and which record it may see
(``lrs.statements.match`` decides).

What holds: nothing is sent that is not committed (invariant 1). In one subscription places strictly increase and
nothing matching is skipped (invariant 5). Wake-ups are hints: with every one lost, only latency changes (invariant 6).
Nothing is queued for a slow reader: it falls out of the memory of newest records, and reads the log (invariant 7).
"""
