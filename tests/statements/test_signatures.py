"""Signed statements: what signs this very statement is accepted, everything else is refused with one kind of error."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import InvalidAttachment
from lrs.statements.signatures import check_signature
from tests.samples import agent, statement

ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "RS256": hashes.SHA256(),
    "RS384": hashes.SHA384(),
    "RS512": hashes.SHA512(),
}
STATEMENT = statement(statement_id="4b9175ba-367d-4b93-990b-34d4180039f1", result={"duration": "PT1.25S"})


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def elliptic_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(key: CertificateIssuerPrivateKeyTypes) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Ann")])
    long_ago = datetime(2013, 4, 4, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, long_ago, long_ago + timedelta(days=365))
    return base64.b64encode(made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)).decode()


def b64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def signed(payload: Any, key: rsa.RSAPrivateKey | None = None, **header: Any) -> bytes:
    """A JWS over ``payload``: bytes as they are, all else as JSON."""
    header = {"alg": "RS256"} | header
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    text = b64url(json.dumps(header).encode()) + b"." + b64url(raw)
    algorithm = ALGORITHMS.get(str(header["alg"]), hashes.SHA256())
    return text + b"." + b64url((key or rsa_key()).sign(text, padding.PKCS1v15(), algorithm))


def check(jws: bytes, about: dict[str, Any] = STATEMENT, version: str = "1.0.3") -> None:
    check_signature(jws, about, version=version, depth_max=64)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("with_certificate", [True, False])
def test_each_algorithm_of_the_standard_is_accepted(algorithm: str, with_certificate: bool) -> None:
    header: dict[str, Any] = {"x5c": [certificate(rsa_key())]} if with_certificate else {}
    check(signed(STATEMENT, alg=algorithm, **header))


@pytest.mark.parametrize("algorithm", ["HS256", "none", "ES256", "PS256", "rs256", "", None, 256, ["RS256"], {}])
def test_no_other_algorithm_is(algorithm: Any) -> None:
    with pytest.raises(InvalidAttachment, match="must be signed with RS256"):
        check(signed(STATEMENT, alg=algorithm))


def test_a_public_key_can_not_be_used_as_the_secret_of_a_hash() -> None:
    """Attack: HMAC with the certificate as its key."""
    text = certificate(rsa_key())
    head = b64url(json.dumps({"alg": "HS256", "x5c": [text]}).encode()) + b"." + b64url(json.dumps(STATEMENT).encode())
    mac = hmac.HMAC(base64.b64decode(text), hashes.SHA256())
    mac.update(head)
    with pytest.raises(InvalidAttachment):
        check(head + b"." + b64url(mac.finalize()))


def test_what_only_the_lrs_sets_does_not_count() -> None:
    kept = STATEMENT | {
        "authority": agent("lms"),
        "stored": "2026-11-22T10:00:01.000Z",
        "version": "1.0.0",
        "attachments": [{"usageType": "http://adlnet.gov/expapi/attachments/signature", "sha2": "00"}],
    }
    check(signed({name: value for name, value in STATEMENT.items() if name not in ("id", "timestamp")}), kept)


def test_what_a_duration_has_beyond_a_hundredth_of_a_second_does_not_count() -> None:
    """9274.1.1 4.2.7."""
    check(signed(STATEMENT | {"result": {"duration": "PT1.2567S"}}), version="2.0.0")


OTHERS: list[dict[str, Any]] = [
    {"id": "4b9175ba-367d-4b93-990b-34d4180039f2"},
    {"actor": agent("bob")},
    {"verb": {"id": "http://example.com/other"}},
    {"timestamp": "2026-11-22T10:00:01.000Z"},
    {"result": {"duration": "PT1.26S"}},
    {"result": {"success": True}},
    {"object": {"id": "http://example.com/other"}},
    {"context": {"language": "en"}},
]


@pytest.mark.parametrize("changed", OTHERS, ids=lambda changed: next(iter(changed)))
def test_a_signature_of_another_statement_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidAttachment, match="signs another statement"):
        check(signed(STATEMENT | changed, x5c=[certificate(rsa_key())]))


def test_a_signature_by_another_key_than_that_of_the_certificate_is_refused() -> None:
    with pytest.raises(InvalidAttachment, match="is false"):
        check(signed(STATEMENT, rsa_key(number=1), x5c=[certificate(rsa_key())]))


def test_the_first_certificate_is_the_one_that_counts() -> None:
    """RFC 7515 4.1.6."""
    own, other = certificate(rsa_key()), certificate(rsa_key(number=1))
    check(signed(STATEMENT, x5c=[own, other]))
    with pytest.raises(InvalidAttachment, match="is false"):
        check(signed(STATEMENT, x5c=[other, own]))


def test_a_payload_that_was_exchanged_after_signing_is_refused() -> None:
    good = signed(STATEMENT | {"actor": agent("bob")}, x5c=[certificate(rsa_key())]).split(b".")
    with pytest.raises(InvalidAttachment, match="is false"):
        check(b".".join([good[0], b64url(json.dumps(STATEMENT).encode()), good[2]]))


def test_a_key_that_is_too_short_is_refused() -> None:
    """RFC 7518 3.3."""
    key = rsa_key(1024)
    with pytest.raises(InvalidAttachment, match="has 1024 bits"):
        check(signed(STATEMENT, key, x5c=[certificate(key)]))


def test_a_key_that_is_not_rsa_is_refused() -> None:
    with pytest.raises(InvalidAttachment, match="no RSA key"):
        check(signed(STATEMENT, x5c=[certificate(elliptic_key())]))


@pytest.mark.parametrize(
    "x5c",
    [
        None, "", "x", {}, [], [None], [1], [""], ["not base64"], ["AAAA"], [["AAAA"]],
        lambda own: own, lambda own: [own, "AAAA"], lambda own: [own] * 11, lambda own: [own.replace("M", "_", 1)],
        lambda own: [own[:-40]], lambda own: [f"-----BEGIN CERTIFICATE-----\n{own}\n-----END CERTIFICATE-----"],
    ],
)  # fmt: skip
def test_what_is_no_list_of_certificates_is_refused(x5c: Any) -> None:
    given = x5c(certificate(rsa_key())) if isinstance(x5c, Callable) else x5c  # type: ignore[arg-type]
    with pytest.raises(InvalidAttachment, match="x5c"):
        check(signed(STATEMENT, x5c=given))


@pytest.mark.parametrize("header", [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": False}])
def test_extensions_that_change_the_meaning_are_refused(header: dict[str, Any]) -> None:
    with pytest.raises(InvalidAttachment, match="extensions"):
        check(signed(STATEMENT, **header))


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"{", b"null", b"[]", b"{}", b'"text"', b'{"actor"', b"\xff", b"[" * 100_000, b'{"a":1,"a":1}', b"NaN",
        json.dumps(STATEMENT).encode().replace(b'"', b"'", 1), json.dumps([STATEMENT]).encode(),
        json.dumps(STATEMENT | {"dummy": 1}).encode(), json.dumps(STATEMENT | {"object": None}).encode(),
        json.dumps(STATEMENT | {"actor": "ann"}).encode(), json.dumps(STATEMENT | {"timestamp": "now"}).encode(),
    ],
)  # fmt: skip
def test_a_payload_that_is_no_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidAttachment):
        check(signed(payload))


def swapped(jws: bytes, place: int, part: bytes) -> bytes:
    parts = jws.split(b".")
    parts[place] = part
    return b".".join(parts)


@pytest.mark.parametrize(
    "broken",
    [
        lambda good: b"",
        lambda good: b"..",
        lambda good: good + b".",
        lambda good: good + b"\n",
        lambda good: good + b"=",
        lambda good: b" " + good,
        lambda good: good.rpartition(b".")[0],
        lambda good: swapped(good, 2, b""),
        lambda good: swapped(good, 2, b"\xff\xfe"),
        lambda good: swapped(good, 0, b64url(b'{"alg":"RS256","alg":"RS256"}')),
        lambda good: swapped(good, 0, b64url(b"[" * 1000)),
        lambda good: swapped(good, 0, b64url(b'{"alg":"RS256","x":"' + b"x" * 100_000 + b'"}')),
        lambda good: swapped(good, 0, b"e30"),
        lambda good: json.dumps({"payload": "", "signatures": []}).encode(),
    ],
)
def test_what_is_no_compact_jws_is_refused(broken: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InvalidAttachment):
        check(broken(signed(STATEMENT)))


def test_a_spelling_with_spare_bits_is_refused() -> None:
    """Attack: other bytes, another hash, the same signature."""
    good = signed(STATEMENT)
    last = good[-1:]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    with pytest.raises(InvalidAttachment, match="base64url"):
        check(good[:-1] + alphabet[alphabet.index(last) + 1 :][:1])


@given(st.binary(max_size=60) | st.text(alphabet="eyJ.-_=A0", max_size=60).map(str.encode))
def test_whatever_comes_is_refused_in_one_way(noise: bytes) -> None:
    with pytest.raises(InvalidAttachment):
        check(noise)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_signature_with_one_byte_changed_is_refused(place: int, value: int) -> None:
    good = signed(STATEMENT, x5c=[certificate(rsa_key())])
    changed = bytearray(good)
    changed[place % len(good)] = value
    if bytes(changed) != good:
        with pytest.raises(InvalidAttachment):
            check(bytes(changed))
