"""An OpenID issuer on this machine: what it signs, and what it publishes over HTTP, good or bad."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.auth.forge import b64, encoded

CONFIGURATION = "/.well-known/openid-configuration"
KEYS = "/keys"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES: dict[str, tuple[ec.EllipticCurve, str]] = {
    "ES256": (ec.SECP256R1(), "P-256"),
    "ES384": (ec.SECP384R1(), "P-384"),
    "ES512": (ec.SECP521R1(), "P-521"),
}


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """One of several; making one takes long."""
    return rsa.generate_private_key(65537, bits)


def new_key(algorithm: str) -> Private:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(_CURVES[algorithm][0]) if algorithm in _CURVES else rsa_key()


def jwk_of(key: Private, kid: str, algorithm: str) -> dict[str, Any]:
    """The public key as an issuer publishes it."""
    row: dict[str, Any] = {"kid": kid, "use": "sig", "alg": algorithm}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return row | {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.key_size + 7) // 8
        point = key.public_key().public_numbers()
        crv = _CURVES[{256: "ES256", 384: "ES384", 521: "ES512"}[key.key_size]][1]
        return row | {"kty": "EC", "crv": crv, "x": b64(point.x.to_bytes(size)), "y": b64(point.y.to_bytes(size))}
    return row | {"kty": "OKP", "crv": "Ed25519", "x": b64(key.public_key().public_bytes_raw())}


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


def signature(key: Private, algorithm: str, signed: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    digest = _HASHES[algorithm[2:]]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
        return r.to_bytes(size) + s.to_bytes(size)
    if algorithm.startswith("PS"):
        return key.sign(signed, padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH), digest)
    return key.sign(signed, padding.PKCS1v15(), digest)


def signed_token(key: Private, algorithm: str, header: dict[str, Any] | bytes, claims: dict[str, Any] | bytes) -> str:
    """A token in compact form, whatever ``header`` and ``claims`` are."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{b64(signature(key, algorithm, signed.encode()))}"


class LoopbackIssuer:
    """Publishes one key over HTTP; tests change ``answers`` to what they like."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[str] = []
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.key, self.kid = new_key("ES256"), "k1"
        self.describe({"issuer": self.url, "jwks_uri": f"{self.url}{KEYS}"})
        self.publish(jwk_of(self.key, self.kid, "ES256"))

    def describe(self, document: Any) -> None:
        self.answers[CONFIGURATION] = said(orjson.dumps(document))

    def publish(self, *jwks: dict[str, Any]) -> None:
        self.answers[KEYS] = said(orjson.dumps({"keys": jwks}))

    def rotate(self, kid: str) -> None:
        """Another key instead of the one so far."""
        self.key, self.kid = new_key("ES256"), kid
        self.publish(jwk_of(self.key, kid, "ES256"))

    def token(self, **claims: Any) -> str:
        """Signed with the key of now."""
        return signed_token(
            self.key, "ES256", {"alg": "ES256", "kid": self.kid, "typ": "at+jwt"}, {"iss": self.url, **claims}
        )


def said(body: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """The answer with this body; underscores in names of headers are hyphens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@contextmanager
def loopback_issuer() -> Iterator[LoopbackIssuer]:
    """An issuer that answers as long as the block runs."""
    issuer: LoopbackIssuer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            try:
                issuer.answers.get(self.path, said(b"", 404))(self)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = LoopbackIssuer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
