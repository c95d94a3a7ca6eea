"""Which certificate a header names as the signer's, by its digest: `x5t#S256` (RFC 7515 4.1.8), `x5t#o` and `sigX5ts` (ETSI TS
119 182-1 5.2.2.2, 5.2.2.3). Pure. A digest names a certificate; it trusts none and chooses no key that is not registered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.core import codes
from registry.core.findings import Code
from registry.formats import base64url

MEMBERS = ("x5t#S256", "x5t#o", "sigX5ts")
#: A chain has no more certificates; the first is the signer's, what the others name is of no use here.
_MOST = 6
#: `digAlg` to the names `hashlib` knows; SHA-1 is not among them.
_DIGESTS = {"S256": "sha256", "S384": "sha384", "S512": "sha512"}
_Fault = tuple[Code, str, str]  # code, place in the header, detail


@dataclass(frozen=True, slots=True)
class Reference:
    """The digest of the signer's certificate and the member it stands in."""

    member: str
    hashed: str
    digest: bytes

    @property
    def sha256(self) -> bytes | None:
        """The digest by which certificates are registered, or None when it is another."""
        return self.digest if self.hashed == "sha256" else None


def read(members: Mapping[str, Any], chain: tuple[bytes, ...]) -> tuple[Reference | None, list[_Fault]]:
    """The reference of a header whose x5c is `chain`, and what is wrong with it. Codes: header-certificate, certificate-mismatch."""
    given = [name for name in MEMBERS if name in members]
    if len(given) > 1:
        return None, [(codes.HEADER_CERTIFICATE, given[1], "one of " + ", ".join(MEMBERS))]
    if not given:
        return None, []
    (name,) = given
    found, detail = _read(name, members[name])
    if found is None:
        return None, [(codes.HEADER_CERTIFICATE, name, detail)]
    if chain and hashlib.new(found.hashed, chain[0]).digest() != found.digest:
        return found, [(codes.CERTIFICATE_MISMATCH, name, "the digest of the first certificate in x5c")]
    if found.sha256 is None and "x5c" not in members:
        return found, [
            (codes.HEADER_CERTIFICATE, name, "SHA-256 where there is no x5c: so certificates are registered")
        ]
    return found, []


def _read(name: str, value: object) -> tuple[Reference | None, str]:
    if name == "x5t#S256":
        return _digest(name, "S256", value), "base64url of a SHA-256"
    if name == "x5t#o":
        return _object(name, value), _SHAPE
    if type(value) is not list or not 1 <= len(value) <= _MOST:
        return None, f"a list of 1 to {_MOST} objects, the signer's first"
    read_here = [_object(name, each) for each in value]
    return (read_here[0], "") if None not in read_here else (None, f"each {_SHAPE}")


_SHAPE = f"an object of digAlg ({', '.join(_DIGESTS)}) and digVal"


def _object(name: str, value: object) -> Reference | None:
    if type(value) is not dict or value.keys() != {"digAlg", "digVal"}:
        return None
    return _digest(name, value["digAlg"], value["digVal"])


def _digest(name: str, algorithm: object, text: object) -> Reference | None:
    hashed = _DIGESTS.get(algorithm) if type(algorithm) is str else None
    digest = base64url.decode(text) if type(text) is str else None
    if hashed is None or digest is None or len(digest) != hashlib.new(hashed).digest_size:
        return None
    return Reference(name, hashed, digest)
