"""Acts on administrators: make, link, remove; log in and out; passwords, and tokens for the stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from lrs.admin import passwords
from lrs.admin.accounts import FIRST, Administrator, AdminSession, Link, administrator_name
from lrs.admin.forms import time
from lrs.admin.service.acting import Rooms
from lrs.admin.sqlite.accounts import Accounts
from lrs.audit.entry import SYSTEM, VISITOR, Actor
from lrs.auth.grants import UNRESTRICTED
from lrs.auth.issue import IssuedToken
from lrs.auth.scopes import STATEMENTS_READ, STREAM
from lrs.auth.secrets import new_secret, sha256_of
from lrs.errors import Conflict, LoginRefused, NotFound

PAGES = "admin-pages"
"""The consumer whose tokens the pages read the stream with; made on first use."""

_STREAM_SCOPES = frozenset({STATEMENTS_READ, STREAM})

_FORGOTTEN_AT_ONCE_MAX = 100

_USED_EVERY_US = 30_000_000
"""How exact the last use of a session is kept."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session; the only time that its secret is known."""

    session: AdminSession
    secret: str = field(repr=False)


class AccountActs:
    """Verifying a password takes long and much memory: callers bound how many do so at once."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._rows = Accounts(rooms.store)
        self._idle_us = rooms.settings.limits.admin_idle_s * 1_000_000

    def administrators(self) -> list[Administrator]:
        """All of them, by name."""
        return self._rows.administrators(self._rooms.clock.now_us(), self._idle_us)

    def administrator(self, name: str) -> Administrator:
        """NotFound."""
        for one in self.administrators():
            if one.name == name:
                return one
        raise NotFound(f"there is no administrator {name!r}")

    def first_link(self) -> Link | None:
        """A link for the first administrator, who is made if need be; None when somebody has a password already."""
        with self._rooms.store.writing():
            if self._rows.count(with_password=True):
                return None
            if any(one.name == FIRST for one in self.administrators()):
                return self.link(SYSTEM, FIRST)
            return self.add(SYSTEM, FIRST)

    def add(self, actor: Actor, name: str) -> Link:
        """A new administrator, and the link by which they set a password. Conflict; InvalidParameter."""
        administrator_name(name)
        with self._rooms.acting(actor, "administrator.add", f"administrator:{name}"):
            most = self._rooms.settings.limits.administrators_max
            if self._rows.count() >= most:
                raise Conflict(f"there are {most} administrators, the most that there may be")
            self._rows.add(name, self._rooms.clock.now_us())
            return self._new_link(name)

    def link(self, actor: Actor, name: str) -> Link:
        """A new link for ``name``, which ends the one before; the password stays until it is used. NotFound."""
        with self._rooms.acting(actor, "administrator.link", f"administrator:{name}"):
            return self._new_link(name)

    def remove(self, actor: Actor, name: str) -> None:
        """End all sessions of ``name``, who can't log in any more. NotFound; Conflict for the last with a password."""
        with self._rooms.acting(actor, "administrator.remove", f"administrator:{name}"):
            if self.administrator(name).has_password and self._rows.count(with_password=True) == 1:
                raise Conflict(f"{name} is the last administrator with a password")
            self._end_all(name)
            self._rows.remove(name)

    def log_in(self, name: str, password: str, before: str | None = None) -> Begun:
        """A new session; ``before``, the secret that the browser came with, ends. LoginRefused, for whatever reason."""
        stored = self._rows.password(name)
        if not passwords.verified(password, stored):
            raise LoginRefused("the name or the password is wrong")
        with self._rooms.acting(Actor("admin", name), "session.begin", f"administrator:{name}") as act:
            # Between the two, somebody may have changed it.
            if self._rows.password(name) != stored:
                raise LoginRefused("the name or the password is wrong")
            return self._begin(name, before, act.details)

    def note_refused(self, tried: Mapping[str, int]) -> None:
        """One entry for each administrator whose name was tried in vain, and one for all other names, which are not
        kept: some are passwords, typed in the wrong place. ``tried``: how often, by name.
        """
        known = {one.name for one in self.administrators()}
        attempts: Counter[str] = Counter()
        for name, count in tried.items():
            attempts[f"administrator:{name}" if name in known else "administrator"] += count
        with self._rooms.store.writing():
            for about, count in attempts.items():
                self._rooms.trail.note(VISITOR, "session.refuse", about, {"attempts": count})

    def use_link(self, secret: str, password: str, before: str | None = None) -> Begun:
        """Set the password by a link, which is used up, and log in; sessions of before end.

        LoginRefused if the link is not good (any more); InvalidParameter for the password.
        """
        sha256 = sha256_of(secret)
        name = self._rows.linked(sha256, self._rooms.clock.now_us())
        if name is None:
            raise LoginRefused("this link is not good any more: ask for another")
        hashed = passwords.hashed(passwords.acceptable(password, name))
        with self._rooms.acting(Actor("admin", name), "password.set", f"administrator:{name}") as act:
            if self._rows.linked(sha256, self._rooms.clock.now_us()) != name:
                raise LoginRefused("this link is not good any more: ask for another")
            self._rows.set_password(name, hashed)
            self._end_all(name)
            act.details.update(by="link")
            return self._begin(name, before, act.details)

    def change_password(self, session: AdminSession, current: str, password: str) -> None:
        """Replace the password of who has ``session``; their other sessions end. LoginRefused; InvalidParameter."""
        name = session.name
        stored = self._rows.password(name)
        if not passwords.verified(current, stored):
            raise LoginRefused("the current password is wrong")
        hashed = passwords.hashed(passwords.acceptable(password, name))
        with self._rooms.acting(Actor("admin", name), "password.set", f"administrator:{name}") as act:
            if self._rows.password(name) != stored:
                raise LoginRefused("the current password is wrong")
            self._rows.set_password(name, hashed)
            self._end_all(name, but=session.id)
            act.details.update(by="password")

    def session(self, secret: str) -> AdminSession:
        """The session with this secret, used now. LoginRefused when there is none, or it is over."""
        now_us = self._rooms.clock.now_us()
        found = self._rows.session(sha256_of(secret))
        if found is None or found.ended(now_us, self._rooms.settings.limits.admin_idle_s):
            raise LoginRefused("log in: there is no session, or it is over")
        if now_us - found.last_used_at_us >= min(_USED_EVERY_US, self._idle_us // 2):
            self._rows.used(found.id, now_us)
        return found

    def log_out(self, session: AdminSession) -> None:
        """End ``session``, and its stream tokens."""
        with self._rooms.acting(Actor("admin", session.name), "session.end", f"administrator:{session.name}"):
            self._end(session)

    def stream_token(self, session: AdminSession) -> IssuedToken:
        """A token for all statements, live and by query, that lives for minutes and ends with ``session``.

        The audit trail tells the first of each session.
        """
        rooms = self._rooms
        with rooms.store.writing():
            self._ensure_pages()
            before_us = rooms.clock.now_us() - rooms.settings.limits.tokens_kept_s * 1_000_000
            rooms.consumers.forget_tokens(before_us, _FORGOTTEN_AT_ONCE_MAX)
            ttl_s = rooms.settings.limits.admin_stream_token_s
            issued = rooms.issuer.issue_token(PAGES, scopes=_STREAM_SCOPES, grant=UNRESTRICTED, ttl_s=ttl_s)
            row = issued.row
            if self._rows.add_token(session.id, row.jti, row.expires_at_us):
                rooms.trail.note(
                    Actor("admin", session.name), "session.stream", f"token:{row.jti}", {"session": session.id}
                )
        return issued

    def note_restore(self, actor: Actor, made_us: int) -> None:
        """The store was restored from a backup of that time: sessions and links of then have ended since."""
        with self._rooms.acting(actor, "store.restore", "store") as act:
            act.details.update(made_at=time(made_us))
            self._rows.end_all()

    def _ensure_pages(self) -> None:
        if any(one.name == PAGES for one in self._rooms.consumers.consumers()):
            return
        with self._rooms.acting(SYSTEM, "consumer.add", f"consumer:{PAGES}") as act:
            self._rooms.issuer.add_consumer(PAGES, scopes=_STREAM_SCOPES)
            act.details.update(scopes=sorted(_STREAM_SCOPES))

    def _new_link(self, name: str) -> Link:
        rooms = self._rooms
        secret = new_secret(rooms.entropy)
        expires_at_us = rooms.clock.now_us() + rooms.settings.limits.admin_link_s * 1_000_000
        self._rows.add_link(name, sha256_of(secret), expires_at_us)
        return Link(name, secret, expires_at_us)

    def _begin(self, name: str, before: str | None, details: dict[str, object]) -> Begun:
        rooms, limits = self._rooms, self._rooms.settings.limits
        now_us = rooms.clock.now_us()
        self._rows.forget_ended(now_us, self._idle_us)
        earlier = None if before is None else self._rows.session(sha256_of(before))
        if earlier is not None:
            self._end(earlier)
        for oldest in self._rows.sessions(name)[: 1 - limits.admin_sessions_max or None]:
            self._end(oldest)
        secret = new_secret(rooms.entropy)
        session = self._rows.begin_session(name, sha256_of(secret), now_us, now_us + limits.admin_session_s * 1_000_000)
        details.update(session=session.id)
        return Begun(session, secret)

    def _end_all(self, name: str, *, but: int | None = None) -> None:
        for session in self._rows.sessions(name):
            if session.id != but:
                self._end(session)

    def _end(self, session: AdminSession) -> None:
        now_us = self._rooms.clock.now_us()
        for jti in self._rows.tokens(session.id):
            self._rooms.consumers.revoke_token(jti, now_us)
        self._rows.end_session(session.id)
