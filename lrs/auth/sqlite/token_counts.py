"""How many tokens there are, and the end of those that nobody needs any more."""

from __future__ import annotations

from lrs.storage.sqlite import Store


class TokenCounts:
    """The tokens in one ``Store``, counted."""

    _store: Store

    def token_count(self, consumer: str, now_us: int, since_us: int) -> int:
        with self._store.reading() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM token WHERE consumer_id = (SELECT id FROM consumer WHERE name = ?) "
                "AND (expires_at_us > ? OR issued_at_us > ?)",
                (consumer, now_us, since_us),
            ).fetchone()
        return int(count)

    def forget_tokens(self, expired_before_us: int, count_max: int) -> int:
        with self._store.writing() as connection:
            return connection.execute(
                "DELETE FROM token WHERE jti IN (SELECT jti FROM token WHERE expires_at_us < ? LIMIT ?)",
                (expired_before_us, count_max),
            ).rowcount
