"""Making signed XML: the container around a transcript's record, signed one after the other. The registry itself only reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from lxml import etree
from pybase64 import b64encode

from registry.formats import xml_guard
from registry.formats.jws_signing import SigningKey
from registry.formats.xades_names import (
    CONTAINER,
    DS,
    ENVELOPE_NAMESPACE,
    EXCLUSIVE,
    METHOD_OF,
    SHA256,
    SIGNATURE,
    SIGNATURES,
    SIGNED_PROPERTIES_TYPE,
    TRANSCRIPT,
    XADES,
    ds,
    xades,
)
from registry.formats.xml_walk import canonical


def sign_envelope(
    record: bytes, keys: Sequence[SigningKey], signed_at: Sequence[datetime], roles: Sequence[str]
) -> bytes:
    """The container over a record element (UTF-8 XML), signed in the order of `keys` at these moments in these roles.

    Raises ValueError when the record is not XML or nobody signs.
    """
    container = wrap(record)
    if not keys:
        raise ValueError("at least one signer is needed")
    for key, moment, role in zip(keys, signed_at, roles, strict=True):
        container = add_signature(container, key, moment, role)
    return container


def wrap(record: bytes) -> bytes:
    """The container with the record in it and no signature yet."""
    tree = xml_guard.parse(record)
    if tree.root is None:
        raise ValueError(f"not a transcript in XML: {tree.findings[0].code.slug}, {tree.findings[0].detail}")
    root = etree.Element(CONTAINER, nsmap={None: ENVELOPE_NAMESPACE})
    etree.SubElement(root, TRANSCRIPT, Id="t").append(tree.root)
    etree.SubElement(root, SIGNATURES)
    return _bytes(root)


def add_signature(container: bytes, key: SigningKey, signed_at: datetime, role: str) -> bytes:
    """The container with one more signature, over the transcript and every signature before it."""
    tree = xml_guard.parse(container)
    signatures = tree.root.find(SIGNATURES) if tree.root is not None else None
    transcript = tree.root.find(TRANSCRIPT) if tree.root is not None else None
    if tree.root is None:
        raise ValueError(f"not a container: {tree.findings[0].code.slug}, {tree.findings[0].detail}")
    if signatures is None or transcript is None:
        raise ValueError("not a container of a signed transcript")
    covered = [transcript]
    for earlier in signatures.findall(SIGNATURE):
        covered += [
            part for part in (earlier.find(ds("SignedInfo")), earlier.find(ds("SignatureValue"))) if part is not None
        ]
    _sign(signatures, f"s{len(signatures) + 1}", covered, key, signed_at, role)
    return _bytes(tree.root)


def add_time_stamp(container: bytes, index: int, stamp: Callable[[bytes], bytes]) -> bytes:
    """The container with a time-stamp beside one signature (EN 319 132-1 section 5.3), which no signature covers.

    `stamp` gets the octets to be stamped (the canonical ds:SignatureValue) and returns the DER of the token.
    """
    tree = xml_guard.parse(container)
    signature = tree.root.findall(f"{SIGNATURES}/{SIGNATURE}")[index] if tree.root is not None else None
    qualifying = signature.find(f"{ds('Object')}/{xades('QualifyingProperties')}") if signature is not None else None
    value = signature.find(ds("SignatureValue")) if signature is not None else None
    if tree.root is None or qualifying is None or value is None:
        raise ValueError("not a container of a signed transcript")
    token = stamp(canonical(value))
    unsigned = qualifying.find(xades("UnsignedProperties"))
    if unsigned is None:
        unsigned = etree.SubElement(qualifying, xades("UnsignedProperties"))
        etree.SubElement(unsigned, xades("UnsignedSignatureProperties"))
    holder = etree.SubElement(unsigned[0], xades("SignatureTimeStamp"))
    etree.SubElement(holder, ds("CanonicalizationMethod"), {"Algorithm": EXCLUSIVE})
    etree.SubElement(holder, xades("EncapsulatedTimeStamp")).text = b64encode(token).decode("ascii")
    return _bytes(tree.root)


def _sign(
    parent: etree._Element, name: str, covered: list[etree._Element], key: SigningKey, at: datetime, role: str
) -> None:
    signature = etree.SubElement(parent, SIGNATURE, {"Id": name}, nsmap={"ds": DS})
    info = etree.SubElement(signature, ds("SignedInfo"), {"Id": f"{name}-si"})
    value = etree.SubElement(signature, ds("SignatureValue"), {"Id": f"{name}-sv"})
    data = etree.SubElement(etree.SubElement(signature, ds("KeyInfo")), ds("X509Data"))
    for certificate in key.certificates:
        etree.SubElement(data, ds("X509Certificate")).text = b64encode(certificate).decode("ascii")
    holder = etree.SubElement(signature, ds("Object"))
    qualifying = etree.SubElement(holder, xades("QualifyingProperties"), {"Target": f"#{name}"}, nsmap={"xades": XADES})
    properties = _properties(qualifying, f"{name}-sp", key, at, role)
    etree.SubElement(info, ds("CanonicalizationMethod"), {"Algorithm": EXCLUSIVE})
    etree.SubElement(info, ds("SignatureMethod"), {"Algorithm": METHOD_OF[key.algorithm]})
    for element in covered:
        _refer(info, element, None)
    _refer(info, properties, SIGNED_PROPERTIES_TYPE)
    value.text = b64encode(key.sign(canonical(info))).decode("ascii")


def _properties(
    qualifying: etree._Element, identifier: str, key: SigningKey, at: datetime, role: str
) -> etree._Element:
    """SigningTime, SigningCertificateV2 and SignerRoleV2 (EN 319 132-1 section 5.2)."""
    properties = etree.SubElement(qualifying, xades("SignedProperties"), {"Id": identifier})
    inner = etree.SubElement(properties, xades("SignedSignatureProperties"))
    etree.SubElement(inner, xades("SigningTime")).text = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    certificate = etree.SubElement(etree.SubElement(inner, xades("SigningCertificateV2")), xades("Cert"))
    digest = etree.SubElement(certificate, xades("CertDigest"))
    _digest(digest, key.certificates[0])
    claimed = etree.SubElement(etree.SubElement(inner, xades("SignerRoleV2")), xades("ClaimedRoles"))
    etree.SubElement(claimed, xades("ClaimedRole")).text = role
    return properties


def _refer(info: etree._Element, element: etree._Element, kind: str | None) -> None:
    attributes = {"URI": f"#{element.get('Id')}"} | ({"Type": kind} if kind else {})
    reference = etree.SubElement(info, ds("Reference"), attributes)
    transforms = etree.SubElement(reference, ds("Transforms"))
    etree.SubElement(transforms, ds("Transform"), {"Algorithm": EXCLUSIVE})
    _digest(reference, canonical(element))


def _digest(parent: etree._Element, octets: bytes) -> None:
    etree.SubElement(parent, ds("DigestMethod"), {"Algorithm": SHA256})
    etree.SubElement(parent, ds("DigestValue")).text = b64encode(hashlib.sha256(octets).digest()).decode("ascii")


def _bytes(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))
