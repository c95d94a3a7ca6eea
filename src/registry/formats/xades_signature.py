"""One ds:Signature of the profile: its references, its key information, its signed properties. Reads only, verifies digests.

SignedInfo (Id) - SignatureValue (Id) - KeyInfo/X509Data - Object/QualifyingProperties/SignedProperties (Id)
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from lxml import etree

from registry.core import codes
from registry.core.trust import Algorithm
from registry.formats import xades_properties
from registry.formats.signatures import NO_ALGORITHM, OpenedSignature, Places
from registry.formats.x509 import MAX_SIZE
from registry.formats.xades_names import DIGESTS, EXCLUSIVE, METHODS, SIGNED_PROPERTIES_TYPE, ds, xades
from registry.formats.xml_walk import Walk, blank, canonical, certificate, octets

_MOST_CERTIFICATES = 6
_KEYS = tuple(ds(name) for name in ("KeyName", "KeyValue", "RetrievalMethod", "PGPData", "SPKIData", "MgmtData"))
_PARTS = tuple(ds(name) for name in ("SignedInfo", "SignatureValue", "KeyInfo", "Object"))
_INFO = tuple(ds(name) for name in ("CanonicalizationMethod", "SignatureMethod", "Reference"))
_REFERENCE = tuple(ds(name) for name in ("Transforms", "DigestMethod", "DigestValue"))
_QUALIFYING = (xades("SignedProperties"), xades("UnsignedProperties"))


@dataclass(slots=True)
class Earlier:
    """What a signature may refer to: the transcript, and of each signature before it SignedInfo and SignatureValue."""

    transcript: etree._Element
    targets: dict[str, tuple[str, etree._Element]] = field(default_factory=dict)  # "#id" -> (its place, the element)
    _canonical: dict[etree._Element, bytes] = field(default_factory=dict)
    _digests: dict[tuple[etree._Element, str], bytes] = field(default_factory=dict)

    def canonical(self, element: etree._Element) -> bytes:
        """The canonical bytes, made once for each element."""
        known = self._canonical.get(element)
        if known is None:
            known = self._canonical[element] = canonical(element)
        return known

    def digest(self, element: etree._Element, hashed: str) -> bytes:
        """The digest of the canonical bytes, made once for all signatures that cover the element."""
        known = self._digests.get((element, hashed))
        if known is None:
            known = self._digests[element, hashed] = hashlib.new(hashed, self.canonical(element)).digest()
        return known

    def add(self, identifier: str | None, place: str, element: etree._Element) -> None:
        """From now on this element must be covered."""
        self.targets[f"#{identifier or ''}"] = place, element


@dataclass(slots=True)
class _Found:
    """The parts of one signature; None where missing."""

    info: etree._Element | None
    value: etree._Element | None
    key: etree._Element | None
    qualifying: etree._Element | None
    signed: etree._Element | None


def open_signature(
    element: etree._Element, index: int, earlier: Earlier, algorithms: frozenset[Algorithm], walk: Walk
) -> OpenedSignature:
    """Read one signature that must cover everything in `earlier`, and add it there for the next one."""
    at = f"/signatures/{index}"
    if not earlier.targets:
        identifier = walk.identified(earlier.transcript, "/Transcript")
        earlier.add(identifier, "Transcript", earlier.transcript)
    found = _parts(element, at, walk)
    algorithm = _method(found.info, at, algorithms, walk)
    _references(found, at, earlier, walk)
    value = _value(found.value, at, walk)
    chain = _chain(found.key, at, walk)
    claims = xades_properties.read_signed(found.signed, at, chain, walk)
    beside = xades_properties.read_unsigned(found.qualifying, found.value, at, walk)
    if found.info is not None and found.value is not None:
        earlier.add(found.info.get("Id"), f"signature {index} SignedInfo", found.info)
        earlier.add(found.value.get("Id"), f"signature {index} SignatureValue", found.value)
    return OpenedSignature(
        index=index,
        places=_places(at),
        algorithm=algorithm,
        signing_input=earlier.canonical(found.info) if found.info is not None else b"",
        signature=value,
        signed_at=claims.signed_at,
        chain=chain,
        reference=claims.certificate,
        claimed_roles=claims.roles,
        stamps=beside.stamps,
        ocsp_answers=beside.ocsp_answers,
    )


def _places(at: str) -> Places:
    return Places(
        at, f"{at}/SignatureValue", f"{at}/SigningTime", f"{at}/SignedInfo/SignatureMethod", f"{at}/X509Certificate/0"
    )


def _parts(element: etree._Element, at: str, walk: Walk) -> _Found:
    walk.only(element, at, children=_PARTS, attributes=("Id",))
    walk.identified(element, at)
    info, value, key, holder = (walk.one(element, tag, at) for tag in _PARTS)
    walk.identified(info, f"{at}/SignedInfo")
    walk.identified(value, f"{at}/SignatureValue")
    qualifying = signed = None
    if holder is not None:
        walk.only(holder, f"{at}/Object", children=(xades("QualifyingProperties"),))
        qualifying = walk.one(holder, xades("QualifyingProperties"), f"{at}/Object")
    if qualifying is not None:
        walk.only(qualifying, f"{at}/QualifyingProperties", children=_QUALIFYING, attributes=("Target", "Id"))
        if qualifying.get("Target") != f"#{element.get('Id') or ''}":
            walk.note(codes.REFERENCE_TARGET, f"{at}/QualifyingProperties/@Target", "the Id of this signature")
        signed = walk.one(qualifying, _QUALIFYING[0], at)
        walk.identified(signed, f"{at}/SignedProperties")
    return _Found(info, value, key, qualifying, signed)


def _method(info: etree._Element | None, at: str, algorithms: frozenset[Algorithm], walk: Walk) -> Algorithm | None:
    """Canonicalisation and signature method; the message only names what the configuration already allows."""
    if info is None:
        return None
    at = f"{at}/SignedInfo"
    walk.only(info, at, children=_INFO, attributes=("Id",))
    _exclusive(walk.one(info, ds("CanonicalizationMethod"), at), f"{at}/CanonicalizationMethod", walk)
    method = walk.one(info, ds("SignatureMethod"), at)
    if method is None:
        return None
    walk.only(method, f"{at}/SignatureMethod", children=(), attributes=("Algorithm",))
    algorithm = METHODS.get(method.get("Algorithm") or "")
    if algorithm is None or algorithm not in algorithms:
        named = ", ".join(sorted(uri for uri, each in METHODS.items() if each in algorithms))
        walk.note(codes.HEADER_ALGORITHM, f"{at}/SignatureMethod", named or NO_ALGORITHM)
        return None
    return algorithm


def _exclusive(element: etree._Element | None, at: str, walk: Walk) -> None:
    """Inclusive C14N lets namespaces of the surroundings in and can be made to take seconds; nothing but exclusive is taken."""
    if element is None:
        return
    if not blank(element.text):
        walk.note(codes.XML_STRUCTURE, at, "no text between elements")
    walk.attributes(element, at, ("Algorithm",))
    if element.get("Algorithm") != EXCLUSIVE or len(element):
        walk.note(codes.REFERENCE_TRANSFORM, at, f"{EXCLUSIVE} without parameters")


def _references(found: _Found, at: str, earlier: Earlier, walk: Walk) -> None:
    """Exactly one reference to each thing that must be covered, and a digest that fits."""
    if found.info is None:
        return
    targets = dict(earlier.targets)
    if found.signed is not None:
        targets[f"#{found.signed.get('Id') or ''}"] = "SignedProperties", found.signed
    covered: set[str] = set()
    given = found.info.findall(ds("Reference"))
    for position, reference in enumerate(given[: len(targets) + 2]):
        where = f"{at}/SignedInfo/Reference/{position}"
        uri = reference.get("URI") or ""
        place, target = targets.get(uri, ("", None))
        if target is None or uri in covered:
            walk.note(
                codes.REFERENCE_TARGET,
                f"{where}/@URI",
                "the Id of the transcript, of an earlier part, or of SignedProperties, once",
            )
            continue
        covered.add(uri)
        earlier.canonical(target)  # of what has no canonical form nothing more is said
        _reference(reference, place, (earlier, target), where, walk)
    if len(given) > len(targets) + 2:
        walk.note(codes.REFERENCE_TARGET, f"{at}/SignedInfo", f"{len(targets)} references")
    for uri, (place, _) in targets.items():
        if uri not in covered:
            walk.note(codes.REFERENCE_MISSING, f"{at}/SignedInfo", place)


def _reference(
    reference: etree._Element, place: str, covered: tuple[Earlier, etree._Element], at: str, walk: Walk
) -> None:
    """Transforms, digest method and digest value of one reference."""
    walk.only(reference, at, children=_REFERENCE, attributes=("URI", "Type", "Id"))
    kind = SIGNED_PROPERTIES_TYPE if place == "SignedProperties" else None
    if reference.get("Type") != kind:
        walk.note(codes.REFERENCE_TARGET, f"{at}/@Type", kind or "no Type")
    transforms = walk.one(reference, ds("Transforms"), at)
    if transforms is not None:
        walk.only(transforms, f"{at}/Transforms", children=(ds("Transform"),))
        if len(transforms) != 1:
            walk.note(codes.REFERENCE_TRANSFORM, f"{at}/Transforms", f"{EXCLUSIVE} alone")
        for transform in transforms[:1]:
            _exclusive(transform, f"{at}/Transforms/0", walk)
    method, value = walk.one(reference, ds("DigestMethod"), at), walk.one(reference, ds("DigestValue"), at)
    if method is None or value is None:
        return
    walk.only(method, f"{at}/DigestMethod", children=(), attributes=("Algorithm",))
    hashed = DIGESTS.get(method.get("Algorithm") or "")
    if hashed is None:
        walk.note(codes.REFERENCE_HASH, f"{at}/DigestMethod", "SHA-256, SHA-384 or SHA-512")
        return
    claimed = octets(walk.leaf(value, f"{at}/DigestValue"))
    earlier, target = covered
    if claimed is None or not hmac.compare_digest(claimed, earlier.digest(target, hashed)):
        walk.note(codes.REFERENCE_DIGEST, f"{at}/DigestValue", place)


def _value(element: etree._Element | None, at: str, walk: Walk) -> bytes:
    if element is None:
        return b""
    value = octets(walk.leaf(element, f"{at}/SignatureValue", ("Id",)))
    if not value:
        walk.note(codes.ENVELOPE_BASE64, f"{at}/SignatureValue", "base64")
    return value or b""


def _chain(key: etree._Element | None, at: str, walk: Walk) -> tuple[bytes, ...]:
    """The certificates of X509Data, up to the first that can't be read; bare keys and addresses of keys are refused."""
    if key is None:
        return ()
    if any(child.tag in _KEYS for child in key):
        walk.note(codes.HEADER_KEY_INJECTION, f"{at}/KeyInfo", "X509Data with X509Certificate alone")
    walk.only(key, f"{at}/KeyInfo", children=(ds("X509Data"), *_KEYS), attributes=("Id",))
    holder = walk.one(key, ds("X509Data"), f"{at}/KeyInfo")
    if holder is None:
        return ()
    walk.only(holder, f"{at}/KeyInfo/X509Data", children=(ds("X509Certificate"),))
    given = holder.findall(ds("X509Certificate"))
    if not 1 <= len(given) <= _MOST_CERTIFICATES:
        walk.note(codes.CERTIFICATE_SIZE, f"{at}/X509Certificate", f"1 to {_MOST_CERTIFICATES} certificates")
        return ()
    chain: list[bytes] = []
    for position, element in enumerate(given):
        where = f"{at}/X509Certificate/{position}"
        text = walk.leaf(element, where)
        if len(text) > 2 * MAX_SIZE:
            walk.note(codes.CERTIFICATE_SIZE, where, f"at most {MAX_SIZE} octets")
            break
        der = certificate(text)
        if not der:
            walk.note(codes.CERTIFICATE_MALFORMED, where, "DER in base64")
            break
        chain.append(der)
    return tuple(chain)
