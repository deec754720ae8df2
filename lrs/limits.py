"""Every bound of lrs-lite, in one table (invariant 7).

Each row is a setting too: ``LRS_`` and the name in capitals. Units come last in the name. ``bounded`` holds what the
documentation and the configuration check need to know about a row, so that neither repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

KIB = 1024
MIB = 1024 * KIB

REFERENCE_DEPTH_MAX = 10
"""Along so many references a statement inherits. No setting, and neither is the next: what they decide is stored."""

INHERITED_KEYS_MAX = 500
"""A statement inherits at most so many keys."""


def bounded(default: float, low: float, high: float, unit: str, doc: str) -> Any:
    """A numeric setting: its default, the least and greatest value allowed, its unit, and one line of meaning."""
    assert low <= default <= high, doc
    return field(default=default, metadata={"low": low, "high": high, "unit": unit, "doc": doc})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The table. An instance holds the values in force."""

    # What one request may hold.
    body_bytes_max: int = bounded(16 * MIB, KIB, 1024 * MIB, "bytes", "Largest request body with statements.")
    batch_statements_max: int = bounded(10_000, 1, 1_000_000, "statements", "Most statements in one POST.")
    json_depth_max: int = bounded(64, 16, 200, "levels", "Deepest nesting of arrays and objects in a body.")
    query_bytes_max: int = bounded(16 * KIB, 256, 64 * KIB, "bytes", "Longest query string.")
    query_values_max: int = bounded(200, 1, 400, "values", "Most values of one repeated parameter or filter member.")
    form_bytes_max: int = bounded(
        MIB, KIB, 1024 * MIB, "bytes", "Largest form of the alternate request syntax; read before authentication."
    )
    forms_max: int = bounded(50, 1, 10_000, "forms", "Forms of the alternate request syntax that are read at once.")
    body_read_s: int = bounded(30, 1, 3600, "seconds", "Longest wait for the next piece of a request body.")

    # Connections, before anybody has said who they are.
    http_connections_max: int = bounded(
        2_000, 1, 1_000_000, "connections", "HTTP connections of one process, beside those of the stream."
    )
    head_bytes_max: int = bounded(256 * KIB, 16 * KIB, MIB, "bytes", "Longest head of a request, URL included.")
    head_s: float = bounded(15, 0.1, 600, "seconds", "How long a client may take for the head of a request.")

    # Attachments.
    attachment_bytes_max: int = bounded(64 * MIB, KIB, 64 * 1024 * MIB, "bytes", "Largest attachment.")
    attachments_bytes_max: int = bounded(
        256 * MIB, KIB, 256 * 1024 * MIB, "bytes", "Largest request body with attachments, statements included."
    )
    attachments_max: int = bounded(1_000, 1, 100_000, "attachments", "Most attachments that come with one request.")
    attachments_memory_bytes_max: int = bounded(
        256 * KIB,
        0,
        64 * MIB,
        "bytes",
        "Attachments of one request held in memory; more of them go to disk as they come.",
    )
    part_header_bytes_max: int = bounded(
        8 * KIB, 256, 64 * KIB, "bytes", "Longest headers of one part of a request with attachments."
    )

    # What one answer may hold.
    page_statements_default: int = bounded(100, 1, 10_000, "statements", "Page size when a query gives no limit.")
    page_statements_max: int = bounded(500, 1, 10_000, "statements", "Largest page, and the page for limit=0.")
    page_bytes_max: int = bounded(8 * MIB, 64 * KIB, 256 * MIB, "bytes", "A page ends early at this size.")

    reading_threads: int = bounded(2, 1, 64, "threads", "In how many threads pages are read; more seldom answer more.")
    kept_pages_bytes_max: int = bounded(
        16 * MIB, 0, 4096 * MIB, "bytes", "Pages kept for whoever asks again while nothing is written."
    )
    shown_bytes_max: int = bounded(
        32 * MIB, 0, 1024 * MIB, "bytes", "Statements kept as they are shown to who is not shown them as stored."
    )

    described_from_max: int = bounded(
        200, 1, 10_000, "statements", "Newest statements from which a Person or an Activity is put together."
    )

    # Documents.
    document_bytes_max: int = bounded(4 * MIB, KIB, 1024 * MIB, "bytes", "Largest document.")
    documents_max: int = bounded(
        10_000, 1, 1_000_000, "documents", "Most documents of one kind for an activity, an agent, or both together."
    )

    # What one consumer may ask of one process; what `lrs consumer set` says for it comes first.
    consumer_requests_per_s: float = bounded(
        0, 0, 1_000_000, "requests/s", "Requests of one consumer that is not trusted; 0: no limit."
    )
    consumer_requests_burst: int = bounded(200, 1, 1_000_000, "requests", "How many of them may come at once.")
    consumer_statements_per_day: int = bounded(
        0, 0, 1_000_000_000, "statements/day", "Statements of one consumer that is not trusted; 0: no limit."
    )
    trusted_requests_per_s_min: int = bounded(
        1_000, 1, 1_000_000, "requests/s", "A trusted writer is never held below this rate, whatever is set for it."
    )

    # The writer.
    commit_statements_max: int = bounded(2_000, 1, 100_000, "statements", "Most statements in one shared commit.")
    late_inheritance_max: int = bounded(
        200, 2, 100_000, "statements", "Statements that inherit late, from what they refer to, in one commit."
    )
    append_queue_max: int = bounded(20_000, 16, 1_000_000, "statements", "Statements waiting for the writer.")

    disk_free_bytes_min: int = bounded(
        64 * MIB, 0, 1024 * 1024 * MIB, "bytes", "With less free space on its disk the store counts as not ready."
    )

    # The stream (docs/stream.md).
    client_frame_bytes_max: int = bounded(64 * KIB, KIB, MIB, "bytes", "Largest frame from a client.")
    client_frame_depth_max: int = bounded(16, 4, 64, "levels", "Deepest nesting in a frame from a client.")
    auth_frame_bytes_max: int = bounded(16 * KIB, KIB, MIB, "bytes", "Largest first frame with a token.")
    auth_timeout_s: float = bounded(5, 0.1, 60, "seconds", "How long a socket may stay unauthenticated.")
    subscriptions_max: int = bounded(16, 1, 1_000, "subscriptions", "Subscriptions on one connection.")
    window_statements_max: int = bounded(
        10_000, 1, 1_000_000, "statements", "Largest window of unacknowledged statements of a subscription."
    )
    durable_cursors_max: int = bounded(100, 1, 100_000, "cursors", "Durable cursors of one consumer.")
    poll_wait_s: float = bounded(60, 1, 600, "seconds", "Longest wait of a long poll.")
    connections_per_token_max: int = bounded(20, 1, 100_000, "connections", "Connections of one credential.")
    connections_max: int = bounded(5_000, 1, 1_000_000, "connections", "Stream connections of one process.")
    connections_unauthenticated_max: int = bounded(50, 1, 10_000, "connections", "Sockets not yet authenticated.")
    client_frames_per_s: float = bounded(10, 1, 10_000, "frames/s", "Sustained rate of frames from one client.")
    client_frames_burst: int = bounded(50, 1, 10_000, "frames", "Frames a client may send at once.")
    server_frame_bytes_max: int = bounded(
        MIB, 16 * KIB, 16 * MIB, "bytes", "A frame ends at this size; one statement may exceed it."
    )
    server_frame_statements_max: int = bounded(500, 1, 10_000, "statements", "Most statements in one frame.")
    ring_statements_max: int = bounded(2_000, 1, 100_000, "statements", "Newest records kept for live subscribers.")
    ring_bytes_max: int = bounded(
        16 * MIB, MIB, 1024 * MIB, "bytes", "Their size at most; the rest is read from the log."
    )
    send_blocked_s: float = bounded(30, 0.1, 3600, "seconds", "A client that takes nothing for so long is closed.")
    heartbeat_s: float = bounded(20, 0.1, 3600, "seconds", "Pause between heartbeats of a connection.")
    ping_s: float = bounded(20, 0.1, 3600, "seconds", "Pause between pings of a websocket, with `lrs serve`.")
    pong_s: float = bounded(20, 0.1, 3600, "seconds", "A client that leaves a ping unanswered for so long is closed.")
    expiry_warning_s: float = bounded(60, 0, 3600, "seconds", "How long before expiry a client is warned.")
    expiry_grace_s: float = bounded(5, 0, 3600, "seconds", "How long after expiry a socket stays open.")
    credential_check_s: float = bounded(0.25, 0.01, 1, "seconds", "Pause between looks for revocation.")
    tail_poll_s: float = bounded(0.01, 0.001, 1, "seconds", "Pause between looks for other processes' commits.")

    # Credentials.
    token_bytes_max: int = bounded(8 * KIB, KIB, 64 * KIB, "bytes", "Longest bearer token.")
    token_ttl_s: int = bounded(30 * 86_400, 60, 3650 * 86_400, "seconds", "Life of a token issued without --ttl.")
    credentials_cached_max: int = bounded(
        10_000, 16, 1_000_000, "credentials", "Proven credentials that a process remembers."
    )
    last_used_s: float = bounded(60, 1, 86_400, "seconds", "How exact the last use of a key or token is kept.")

    # OAuth (docs/oauth.md).
    oauth_token_ttl_s: int = bounded(
        3_600, 60, 3650 * 86_400, "seconds", "Life of a token from /oauth/token when the client names none."
    )
    oauth_token_ttl_max_s: int = bounded(
        86_400, 60, 3650 * 86_400, "seconds", "Longest life of a token from /oauth/token."
    )
    tokens_max: int = bounded(
        1_000,
        1,
        1_000_000,
        "tokens",
        "Tokens of one consumer, in force or from the last hour, beyond which /oauth/token gives none.",
    )
    tokens_kept_s: int = bounded(
        30 * 86_400, 0, 3650 * 86_400, "seconds", "How long lists show a token that has expired."
    )
    wrong_secrets_per_minute: int = bounded(
        20, 1, 10_000, "attempts", "Wrong secrets a minute for one key from one address at the endpoints of OAuth."
    )

    # Tokens of other issuers (docs/oauth.md).
    oidc_fetch_s: float = bounded(10, 0.1, 60, "seconds", "Longest time to fetch the keys of an external issuer.")
    oidc_document_bytes_max: int = bounded(256 * KIB, KIB, 16 * MIB, "bytes", "Largest document of such an issuer.")
    oidc_keys_max: int = bounded(100, 1, 10_000, "keys", "Most keys of such an issuer.")
    oidc_renew_s: float = bounded(3_600, 1, 86_400, "seconds", "How often its keys are fetched anew.")
    oidc_refetch_s: float = bounded(
        30, 0.05, 3_600, "seconds", "Least pause between two fetches, when a token names a key that is not known."
    )
    oidc_stale_s: float = bounded(
        86_400, 1, 30 * 86_400, "seconds", "How long its keys count on when it can't be reached."
    )

    # Administration (docs/admin-api.md) and requests for access.
    admin_body_bytes_max: int = bounded(
        64 * KIB, KIB, MIB, "bytes", "Largest body that the API for administrators takes."
    )
    admin_page_items_max: int = bounded(500, 1, 10_000, "items", "Largest page of a list for administrators.")
    administrators_max: int = bounded(100, 1, 10_000, "administrators", "Most administrators.")
    admin_sessions_max: int = bounded(
        20, 1, 1_000, "sessions", "Open sessions of one administrator; the oldest give way."
    )
    admin_idle_s: int = bounded(1_800, 60, 86_400, "seconds", "A session that is not used for so long ends.")
    admin_session_s: int = bounded(43_200, 60, 30 * 86_400, "seconds", "Longest life of a session.")
    admin_link_s: int = bounded(86_400, 60, 30 * 86_400, "seconds", "Life of a one-time link that sets a password.")
    admin_stream_token_s: int = bounded(
        600, 60, 3_600, "seconds", "Life of the token with which a session reads the stream."
    )
    logins_per_minute: int = bounded(10, 1, 1_000, "attempts", "Attempts to log in a minute from one address.")
    logins_all_per_minute: int = bounded(60, 1, 10_000, "attempts", "The same from all addresses together.")
    passwords_at_once_max: int = bounded(2, 1, 64, "passwords", "Passwords that a process verifies at the same time.")
    access_requests_per_hour: int = bounded(10, 1, 10_000, "requests", "Requests for access an hour from one address.")
    access_requests_open_max: int = bounded(
        100, 1, 100_000, "requests", "Requests for access that wait for a decision."
    )
    access_looks_per_minute: int = bounded(
        60, 1, 10_000, "looks", "Looks at requests for access a minute from one address."
    )
    access_request_keep_s: int = bounded(
        90 * 86_400, 86_400, 3650 * 86_400, "seconds", "How long a request for access is kept that is refused or taken."
    )
    addresses_counted_max: int = bounded(
        10_000, 16, 1_000_000, "addresses", "Addresses for which attempts are counted."
    )
    recent_statements_max: int = bounded(
        2_000, 1, 100_000, "statements", "Newest statements among which courses and verbs are counted."
    )


def checked(limits: Limits) -> Limits:
    """``limits`` if the rows agree with each other; AssertionError names the pair that does not."""
    assert limits.page_statements_default <= limits.page_statements_max, "default page larger than the largest page"
    assert limits.commit_statements_max <= limits.append_queue_max, "a commit can't hold more than the queue"
    assert limits.attachment_bytes_max <= limits.attachments_bytes_max, "an attachment larger than its request"
    assert limits.auth_frame_bytes_max <= limits.client_frame_bytes_max, "an auth frame is a client frame"
    assert limits.oidc_refetch_s <= limits.oidc_renew_s <= limits.oidc_stale_s, "keys of issuers end before renewal"
    assert limits.oauth_token_ttl_s <= limits.oauth_token_ttl_max_s, "tokens of OAuth live longer than they may"
    credentials_bytes = 2 * limits.token_bytes_max
    assert limits.query_bytes_max + credentials_bytes <= limits.head_bytes_max, "a query or token longer than its head"
    assert {f.name for f in fields(limits)} == {f.name for f in fields(Limits)}
    return limits


DEFAULT_LIMITS = checked(Limits())
