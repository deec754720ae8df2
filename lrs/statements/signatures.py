"""Signed statements: does a JSON Web Signature sign this very statement? (Data 2.6, RFC 7515)

The signature must be well formed and its payload the statement. If the header brings a certificate (``x5c``), its key
must verify the signature; who the certificate belongs to, and whether anybody vouches for it, is for readers to judge.
Without one nobody here has the key, and the cryptographic signature is kept unverified, as the standard has it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from lrs.errors import InvalidAttachment, InvalidStatement, MalformedJson
from lrs.xapi.decode import decode_json
from lrs.xapi.equivalent import equivalent
from lrs.xapi.validate import validator

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "RS256": hashes.SHA256(),
    "RS384": hashes.SHA384(),
    "RS512": hashes.SHA512(),
}
# RFC 7518 3.3 wants at least 2048 bits. Much larger keys are only used to keep others busy.
_KEY_BITS_MIN: Final = 2048
_KEY_BITS_MAX: Final = 8192

_HEADER_BYTES_MAX: Final = 64 * 1024
_HEADER_DEPTH_MAX: Final = 8
_CERTIFICATES_MAX: Final = 10


def check_signature(jws: bytes, statement: Mapping[str, Any], *, version: str, depth_max: int) -> None:
    """Raise InvalidAttachment unless ``jws``, in compact serialization, signs ``statement``.

    ``statement`` is valid and may have what only an LRS sets; it is compared as ``lrs.xapi.equivalent`` does, so its
    signatures don't count. ``version`` is that of the request, ``depth_max`` bounds the nesting of the payload.
    """
    parts = jws.split(b".", 3)
    if len(parts) != 3:
        raise InvalidAttachment("a signature is a JWS in compact serialization: three parts with a dot between them")
    if len(parts[0]) > _HEADER_BYTES_MAX:
        raise InvalidAttachment(f"the header of the JWS is longer than {_HEADER_BYTES_MAX} bytes")
    header = _decoded("header", parts[0], _HEADER_DEPTH_MAX)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _HASHES:
        raise InvalidAttachment(f"the JWS must be signed with {', '.join(_HASHES)}")
    if "crit" in header or "b64" in header:
        raise InvalidAttachment("the JWS must do without extensions (crit, b64)")
    signature = _base64url("signature", parts[2])
    if not signature:
        raise InvalidAttachment("the JWS has no signature")
    if "x5c" in header:
        _verify(_signing_key(header["x5c"]), signature, parts[0] + b"." + parts[1], _HASHES[algorithm])
    _check_payload(_decoded("payload", parts[1], depth_max), statement, version)


def _check_payload(payload: dict[str, Any], statement: Mapping[str, Any], version: str) -> None:
    try:
        validator(version).check(payload)
    except InvalidStatement as error:
        raise InvalidAttachment(f"the payload of the JWS is {error.message}") from None
    if not equivalent(payload, statement):
        raise InvalidAttachment("the JWS signs another statement than this one")


def _base64url(name: str, text: bytes) -> bytes:
    """The bytes that ``text`` stands for, which must be the only spelling of them (RFC 7515 2)."""
    try:
        raw = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != text:
        raise InvalidAttachment(f"the {name} of the JWS is not base64url")
    return raw


def _decoded(name: str, text: bytes, depth_max: int) -> dict[str, Any]:
    try:
        value = decode_json(_base64url(name, text), depth_max=depth_max)
    except MalformedJson as error:
        raise InvalidAttachment(f"the {name} of the JWS is not JSON that is accepted here: {error.message}") from None
    if not isinstance(value, dict):
        raise InvalidAttachment(f"the {name} of the JWS is not a JSON object")
    return value


def _signing_key(x5c: Any) -> rsa.RSAPublicKey:
    """The key in the first of the certificates (RFC 7515 4.1.6); each of them must be one."""
    if not isinstance(x5c, list) or not 1 <= len(x5c) <= _CERTIFICATES_MAX:
        raise InvalidAttachment(f"x5c must be an array of 1 to {_CERTIFICATES_MAX} certificates")
    try:
        # Standard base64 here, unlike anywhere else in a JWS.
        chain = [x509.load_der_x509_certificate(base64.b64decode(text, validate=True)) for text in x5c]
        key = chain[0].public_key()
    except Exception:  # noqa: BLE001 - Whatever a certificate made up by anybody leads to, it is no certificate.
        raise InvalidAttachment("x5c holds something that is no X.509 certificate in base64") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidAttachment("the certificate in x5c has no RSA key")
    if not _KEY_BITS_MIN <= key.key_size <= _KEY_BITS_MAX:
        raise InvalidAttachment(
            f"the key in x5c has {key.key_size} bits; {_KEY_BITS_MIN} to {_KEY_BITS_MAX} are accepted (RFC 7518 3.3)"
        )
    return key


def _verify(key: rsa.RSAPublicKey, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm) -> None:
    try:
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    except (InvalidSignature, ValueError):
        raise InvalidAttachment("the signature is false: the key in x5c does not verify it") from None
