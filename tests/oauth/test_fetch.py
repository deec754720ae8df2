"""Keys are fetched from an issuer that really answers, or does not, or answers with ill intent."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import orjson
import pytest
from structlog.testing import capture_logs

from lrs.clock import SystemClock
from lrs.config import Settings
from lrs.errors import ConfigError, IssuerUnavailable
from lrs.limits import Limits
from lrs.oauth.fetch import key_fetcher, require_issuers
from lrs.oauth.issuers import issuers_in
from lrs.oauth.keys import IssuerKeys
from tests.oauth.issuer import CONFIGURATION, KEYS, LoopbackIssuer, jwk_of, loopback_issuer, new_key, said
from tests.oauth.test_issuers import LEAST, OWN

WAIT_S = 60
LIMITS = replace(
    Limits(),
    oidc_refetch_s=0.05,
    oidc_renew_s=0.2,
    oidc_fetch_s=WAIT_S,
    oidc_document_bytes_max=64 * 1024,
    oidc_keys_max=10,
)


@pytest.fixture
def issuer() -> Iterator[LoopbackIssuer]:
    with loopback_issuer() as found:
        yield found


@contextmanager
def fetching(issuer: LoopbackIssuer, limits: Limits = LIMITS) -> Iterator[IssuerKeys]:
    """The keys of ``issuer``, fetched as long as the block runs."""
    (configured,) = issuers_in(json.dumps([LEAST | {"issuer": issuer.url}]), **OWN)
    keys = IssuerKeys(limits)
    fetcher = key_fetcher({issuer.url: (configured, keys)}, limits, SystemClock())
    try:
        yield keys
    finally:
        fetcher.close()
        fetcher._thread.join(WAIT_S)
        assert not fetcher._thread.is_alive()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has(keys: IssuerKeys, kid: str) -> bool:
    try:
        return keys.find(kid, time.monotonic()).kid == kid
    except IssuerUnavailable:
        return False


def test_the_keys_are_there_soon_after_the_start(issuer: LoopbackIssuer) -> None:
    with fetching(issuer, replace(LIMITS, oidc_renew_s=3600)) as keys:
        eventually(lambda: has(keys, "k1"))
    assert issuer.asked == [CONFIGURATION, KEYS]


def test_they_are_renewed_without_being_asked_for(issuer: LoopbackIssuer) -> None:
    with fetching(issuer) as keys:
        eventually(lambda: has(keys, "k1"))
        issuer.rotate("k2")
        eventually(lambda: "k2" in keys._keys)
        assert "k1" not in keys._keys


def test_an_unknown_key_is_fetched_when_it_is_asked_for(issuer: LoopbackIssuer) -> None:
    with fetching(issuer, replace(LIMITS, oidc_renew_s=3600)) as keys:
        eventually(lambda: has(keys, "k1"))
        issuer.rotate("k2")
        eventually(lambda: has(keys, "k2"))


def slow(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, so that no single wait is too long."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        time.sleep(0.02)


def endless(handler: BaseHTTPRequestHandler) -> None:
    """As much as the other side takes."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1_000):
        handler.wfile.write(b" " * 65_536)


BAD: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "an error": said(b"{}", 500),
    "nothing there": said(b"", 404),
    "no JSON": said(b"<html>"),
    "not UTF-8": said(b"\xff\xfe"),
    "brackets": said(b"[" * 60_000),
    "a redirect": said(b"", 302, Location=KEYS),
    "a compressed bomb": said(b"\x1f\x8b" + bytes(100), Content_Encoding="gzip"),
    "too large": said(b" " * 70_000),
    "endless": endless,
    "slow": slow,
    "cut off": said(b"{}", Content_Length="9999"),
}


@pytest.mark.parametrize("path", [CONFIGURATION, KEYS])
@pytest.mark.parametrize("kind", BAD)
def test_bad_answers_change_nothing_and_are_logged_and_good_ones_mend_it(
    issuer: LoopbackIssuer, path: str, kind: str
) -> None:
    """The keys that were fetched before count on, and the thread lives."""
    good = issuer.answers[path]
    # That long the slow one may take; where a good answer took longer, it is asked for again.
    with capture_logs() as logs, fetching(issuer, replace(LIMITS, oidc_fetch_s=0.5)) as keys:
        eventually(lambda: has(keys, "k1"))
        issuer.answers[path] = BAD[kind]
        eventually(lambda: keys._failures > 0)
        assert has(keys, "k1")
        issuer.answers[path] = good
        eventually(lambda: keys._failures == 0)
    assert {(line["event"], line["log_level"], line["issuer"]) for line in logs} == {
        ("issuer_keys_not_fetched", "warning", issuer.url)
    }


def test_an_issuer_that_describes_another_is_refused(issuer: LoopbackIssuer) -> None:
    issuer.describe({"issuer": "https://other.example", "jwks_uri": f"{issuer.url}{KEYS}"})
    with capture_logs(), fetching(issuer) as keys:
        eventually(lambda: keys._failures > 1)
        assert not has(keys, "k1")
    assert KEYS not in issuer.asked


def test_a_redirect_is_not_followed(issuer: LoopbackIssuer) -> None:
    """Even a trusted issuer must not send the server about."""
    issuer.answers[KEYS] = said(b"", 302, Location=f"{issuer.url}/internal")
    with capture_logs(), fetching(issuer) as keys:
        eventually(lambda: keys._failures > 1)
    assert "/internal" not in issuer.asked


def test_too_many_keys_are_refused(issuer: LoopbackIssuer) -> None:
    row = jwk_of(new_key("ES256"), "k", "ES256")
    issuer.answers[KEYS] = said(orjson.dumps({"keys": [row | {"kid": str(n)} for n in range(11)]}))
    with capture_logs(), fetching(issuer) as keys:
        eventually(lambda: keys._failures > 1)
        assert not keys._keys


def test_an_issuer_that_hangs_does_not_hold_up_the_end(issuer: LoopbackIssuer) -> None:
    released = threading.Event()

    def hang(_: BaseHTTPRequestHandler) -> None:
        released.wait(WAIT_S)

    issuer.answers[CONFIGURATION] = hang
    try:
        with fetching(issuer, replace(LIMITS, oidc_fetch_s=WAIT_S)):
            eventually(lambda: bool(issuer.asked))
    finally:
        released.set()


def test_a_fetcher_can_be_closed_at_once(issuer: LoopbackIssuer) -> None:
    for _ in range(5):
        with fetching(issuer) as keys:
            pass
        keys.wake()


def test_settings_that_can_not_be_used_are_told_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    require_issuers(Settings(), SystemClock())
    trusting = Settings(oidc_issuers=json.dumps([LEAST]))
    require_issuers(trusting, SystemClock())
    with pytest.raises(ConfigError, match="JSON"):
        require_issuers(Settings(oidc_issuers="["), SystemClock())
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ConfigError, match=r"lrs-lite\[oidc\]"):
        require_issuers(trusting, SystemClock())


def test_without_the_library_the_start_says_what_to_install(
    issuer: LoopbackIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ConfigError, match=r"lrs-lite\[oidc\]"), fetching(issuer):
        pass
