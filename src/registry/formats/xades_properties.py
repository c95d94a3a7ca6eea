"""The qualifying properties of a XAdES signature (ETSI EN 319 132-1): what the signer claims, and what came beside it later.

Signed: SigningTime, SigningCertificateV2, SignerRoleV2. Unsigned: time-stamps on the signature value and OCSP answers are handed
on to be checked for themselves; everything else is reported and never relied upon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from registry.core import codes
from registry.formats import xades_certificate
from registry.formats.signatures import Stamp
from registry.formats.xades_names import EXCLUSIVE, ds, xades
from registry.formats.xml_walk import Walk, canonical, octets

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_MOST_ROLES, _LONGEST_ROLE = 5, 100
_MOST_STAMPS, _LARGEST_STAMP = 4, 32_768
_MOST_ANSWERS, _LARGEST_ANSWER = 6, 16_384
#: In the order of the schema. A signature policy nobody here knows can't be followed, so none is taken.
_SIGNED = [xades(n) for n in ("SigningTime", "SigningCertificateV2", "SignatureProductionPlaceV2", "SignerRoleV2")]
_PLACE = [xades(n) for n in ("City", "StreetAddress", "StateOrProvince", "PostalCode", "CountryName")]
_OF_DATA = [xades(n) for n in ("DataObjectFormat", "CommitmentTypeIndication")]


@dataclass(frozen=True, slots=True)
class Claims:
    """What the signer signed about the signature."""

    signed_at: datetime | None = None
    certificate: bytes | None = None  # SHA-256 of the signer's certificate
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands in the unsigned properties and can be checked for itself."""

    stamps: tuple[Stamp, ...] = ()
    ocsp_answers: tuple[bytes, ...] = ()


def read_signed(properties: etree._Element | None, at: str, chain: tuple[bytes, ...], walk: Walk) -> Claims:
    """Read SignedProperties; `chain` is what KeyInfo carries, whose first certificate must be the one signed here.

    Codes: xml-structure, xml-limit, header-time, header-certificate, reference-hash, certificate-mismatch.
    """
    if properties is None:
        return Claims()
    where = f"{at}/SignedProperties"
    children = (xades("SignedSignatureProperties"), xades("SignedDataObjectProperties"))
    walk.only(properties, where, children=children, attributes=("Id",))
    inner = walk.one(properties, children[0], where)
    if inner is None:
        return Claims()
    walk.only(inner, where, children=_SIGNED, attributes=("Id",))
    _check_unread(properties, inner, where, walk)
    certificate = xades_certificate.read(walk.one(inner, _SIGNED[1], at), at, chain, walk)
    return Claims(_signing_time(inner, at, walk), certificate, _roles(inner, at, walk))


def _check_unread(properties: etree._Element, inner: etree._Element, at: str, walk: Walk) -> None:
    """What is signed but means nothing here still has to be what it says it is."""
    place = walk.at_most_one(inner, _SIGNED[2], at)
    if place is not None:
        walk.only(place, f"{at}/SignatureProductionPlaceV2", children=_PLACE)
        for part in place:
            walk.leaf(part, f"{at}/SignatureProductionPlaceV2")
    of_data = walk.at_most_one(properties, xades("SignedDataObjectProperties"), at)
    if of_data is not None:
        walk.only(of_data, f"{at}/SignedDataObjectProperties", children=_OF_DATA, attributes=("Id",))


def _signing_time(inner: etree._Element, at: str, walk: Walk) -> datetime | None:
    element = inner.find(xades("SigningTime"))
    text = walk.leaf(element, f"{at}/SigningTime").strip() if element is not None else ""
    try:
        found = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or len(inner.findall(xades("SigningTime"))) != 1:
        walk.note(codes.HEADER_TIME, f"{at}/SigningTime", "one YYYY-MM-DDThh:mm:ss with Z or an offset")
        return None
    try:
        return found.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        walk.note(codes.HEADER_TIME, f"{at}/SigningTime", "a year of four digits")
        return None


def _roles(inner: etree._Element, at: str, walk: Walk) -> tuple[str, ...]:
    """Claimed roles, as written; reported, never a permission."""
    where = f"{at}/SignerRoleV2"
    holder = walk.at_most_one(inner, _SIGNED[3], at)
    if holder is None:
        return ()
    walk.only(holder, where, children=(xades("ClaimedRoles"),))
    claimed = walk.one(holder, xades("ClaimedRoles"), where)
    if claimed is None:
        return ()
    walk.only(claimed, where, children=(xades("ClaimedRole"),))
    found = [walk.leaf(role, where) for role in claimed]
    if len(found) > _MOST_ROLES or any(len(role) > _LONGEST_ROLE for role in found):
        walk.note(codes.XML_LIMIT, where, f"at most {_MOST_ROLES} roles of {_LONGEST_ROLE} characters")
        return ()
    return tuple(role.strip() for role in found)


def read_unsigned(qualifying: etree._Element | None, value: etree._Element | None, at: str, walk: Walk) -> Beside:
    """Read UnsignedProperties; time-stamps and OCSP answers are handed on, the rest is reported (warnings signature-counter, -unsigned)."""
    holder = walk.at_most_one(qualifying, xades("UnsignedProperties"), at) if qualifying is not None else None
    if holder is None or value is None:
        return Beside()
    where = f"{at}/UnsignedProperties"
    children = (xades("UnsignedSignatureProperties"), xades("UnsignedDataObjectProperties"))
    walk.only(holder, where, children=children, attributes=("Id",))
    stamps: list[Stamp] = []
    answers: list[bytes] = []
    for position, element in enumerate(element for group in holder for element in group):
        pointer = f"{where}/{position}"
        if element.tag == xades("SignatureTimeStamp"):
            _read_stamps(element, value, pointer, stamps, walk)
        elif element.tag == xades("RevocationValues"):
            _read_answers(element, pointer, answers, walk)
        elif element.tag == xades("CounterSignature"):
            walk.note(codes.SIGNATURE_COUNTER, pointer)
        else:
            walk.note(codes.SIGNATURE_UNSIGNED, pointer)
    return Beside(tuple(stamps), tuple(answers))


def _read_stamps(element: etree._Element, value: etree._Element, at: str, stamps: list[Stamp], walk: Walk) -> None:
    """A time-stamp is over the canonical SignatureValue (EN 319 132-1 5.3); in another canonical form it is only reported."""
    method = element.find(ds("CanonicalizationMethod"))
    tokens = element.findall(xades("EncapsulatedTimeStamp"))
    if method is None or method.get("Algorithm") != EXCLUSIVE or not tokens:
        walk.note(codes.SIGNATURE_UNSIGNED, at, f"only time-stamps over {EXCLUSIVE}")
        return
    for token in tokens:
        der = octets(walk.leaf(token, at, ("Id", "Encoding")))
        if not der or len(der) > _LARGEST_STAMP or len(stamps) == _MOST_STAMPS:
            walk.note(codes.XML_LIMIT, at, f"at most {_MOST_STAMPS} tokens in base64, each of {_LARGEST_STAMP} octets")
            return
        stamps.append(Stamp(der, canonical(value), at))


def _read_answers(element: etree._Element, at: str, answers: list[bytes], walk: Walk) -> None:
    for given in element.iter(xades("EncapsulatedOCSPValue")):
        der = octets(walk.leaf(given, at, ("Id", "Encoding")))
        if not der or len(der) > _LARGEST_ANSWER or len(answers) == _MOST_ANSWERS:
            walk.note(
                codes.XML_LIMIT, at, f"at most {_MOST_ANSWERS} answers in base64, each of {_LARGEST_ANSWER} octets"
            )
            return
        answers.append(der)
    if element.find(xades("CRLValues")) is not None:
        walk.note(codes.SIGNATURE_UNSIGNED, at, "revocation lists that come along are not read")
