"""The State, Agent Profile and Activity Profile Resources (Communication 2.2, 2.3, 2.6, 2.7).

Lives here: what a document is and where it belongs, who may touch it, the rules of concurrency of both versions, how a
POST is merged, and the adapter that keeps documents in SQLite. Does not enter: statements and their log. Documents are
replaced and deleted, the log is not; neither knows of the other.

Only ``http`` and ``sqlite`` touch the world.
"""
