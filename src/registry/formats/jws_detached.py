"""The detached form of signatures (form B): `sigD` with the mechanism ObjectIdByURIHash (ETSI TS 119 182-1 5.2.8.3.3). Pure.

What it covers is named by URIs relative to the envelope: `document`, then `signatures/0`, `signatures/1`... for every earlier
signature. Reading the rest of a header is in `registry.formats.jws_header`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from registry.core import codes
from registry.core.findings import Code
from registry.formats import base64url

MECHANISM = "http://uri.etsi.org/19182/ObjectIdByURIHash"
HASH = "S256"
_MEMBERS = {"mId", "pars", "hashM", "hashV", "ctys"}
_SIGNATURE_TYPES = frozenset({"jose", "application/jose"})
_DOCUMENT_TYPES = frozenset({"json", "application/json"})

#: Name and digest of each thing a signature must cover, the document first.
Covered = tuple[tuple[str, str], ...]
_Fault = tuple[Code, str, str]  # code, place in the header, detail


def digest(text: str) -> str:
    """The `hashV` entry of an octet string given as base64url text: the digest is over that text, since `b64` is absent."""
    return base64url.encode(sha256(text.encode("utf-8", "surrogatepass")).digest())


def of_document(document: str) -> tuple[str, str]:
    """Name and digest of the document, from its base64url text as it stands in the envelope."""
    return "document", digest(document)


def of_signature(index: int, protected: str, signature: str) -> tuple[str, str]:
    """Name and digest of a signature, which counts as the octets of its detached compact form (RFC 7515 appendix F)."""
    octets = f"{protected}..{signature}".encode("utf-8", "surrogatepass")
    return f"signatures/{index}", digest(base64url.encode(octets))


def sig_d(covered: Covered) -> dict[str, Any]:
    """The header member that covers exactly these, in this order."""
    return {
        "mId": MECHANISM,
        "pars": [name for name, _ in covered],
        "hashM": HASH,
        "hashV": [value for _, value in covered],
        "ctys": ["json", *("jose" for _ in covered[1:])],
    }


def faults(members: Mapping[str, Any], covered: Covered) -> list[_Fault]:
    """What keeps a protected header from covering exactly these, each by its own digest and in this order.

    Codes: header-sigd, header-sigd-mismatch, each with its place within the header.
    """
    critical = members.get("crit")
    found: list[_Fault] = []
    if type(critical) is not list or "sigD" not in critical:
        found.append((codes.HEADER_SIGD, "crit", "crit names sigD"))
    given = members.get("sigD")
    if type(given) is not dict or given.keys() != _MEMBERS:
        return [*found, (codes.HEADER_SIGD, "sigD", "an object of " + ", ".join(sorted(_MEMBERS)))]
    names = [name for name, _ in covered]
    if given["mId"] != MECHANISM:
        found.append((codes.HEADER_SIGD, "sigD/mId", MECHANISM))
    if given["hashM"] != HASH:
        found.append((codes.HEADER_SIGD, "sigD/hashM", HASH))
    if given["pars"] != names:
        found.append((codes.HEADER_SIGD, "sigD/pars", ", ".join(names)))
    if not _types_fit(given["ctys"], len(names)):
        found.append((codes.HEADER_SIGD, "sigD/ctys", "json, then jose for each signature"))
    return [*found, *_digest_faults(given["hashV"], [value for _, value in covered])]


def _types_fit(given: object, count: int) -> bool:
    if type(given) is not list or len(given) != count or not all(type(kind) is str for kind in given):
        return False
    return given[0].lower() in _DOCUMENT_TYPES and all(kind.lower() in _SIGNATURE_TYPES for kind in given[1:])


def _digest_faults(given: object, expected: Sequence[str]) -> list[_Fault]:
    if type(given) is not list or len(given) != len(expected) or not all(type(value) is str for value in given):
        return [(codes.HEADER_SIGD, "sigD/hashV", f"{len(expected)} digests in base64url")]
    pairs = enumerate(zip(given, expected, strict=True))
    return [
        (codes.HEADER_SIGD_MISMATCH, f"sigD/hashV/{position}", "SHA-256 over the base64url text of what it names")
        for position, (value, wanted) in pairs
        if not hmac.compare_digest(value.encode("utf-8", "surrogatepass"), wanted.encode("ascii"))
    ]
