"""Signed XML documents at the bounds of the profile: what costs too much, what stands out of order, what is claimed wrongly.

`tests.hostile_xml` puts them beside the others.
"""

# A lambda whose default binds a loop's variable has no type mypy could infer.
# mypy: disable-error-code="misc"

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache

from asn1crypto import core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from registry.demo import pki
from registry.demo.signers import CERTIFICATES_FROM, CERTIFICATES_TO
from registry.formats.xades_names import EXCLUSIVE, ds, xades
from registry.formats.xml_transcript import NAMESPACE
from tests.hostile_xml_forger import Case, Change, Element, Forger, copy, reference

_CONSTRUCT, _LIMIT, _STRUCTURE = "xml-construct", "xml-limit", "xml-structure"


def _declarations(forger: Forger) -> Iterator[Case]:
    body = forger.good.partition(b"?>")[2].lstrip()
    for version in ("1.1", "1.2", "2.0", "", "1.0x"):
        raw = f'<?xml version="{version}" encoding="utf-8"?>'.encode() + body
        yield Case(f"bound: XML {version}", raw, _CONSTRUCT, "")
    yield Case("bound: declaration without version", b'<?xml encoding="utf-8"?>' + body, _CONSTRUCT, "")
    yield Case("bound: declaration without end", b'<?xml version="1.0" ' + body, _CONSTRUCT, "")
    yield Case("bound: 5,001 elements", b"<a>" + b"<b/>" * 5000 + b"</a>", _LIMIT, "")
    yield Case("bound: 33 levels", b"<a>" * 33 + b"</a>" * 33, _LIMIT, "")


def _namespaces(forger: Forger) -> Iterator[Case]:
    """Canonicalisation repeats an address at every element that uses it, and gives up on one that is not absolute."""
    places = {
        "root": b"<SignedTranscript",
        "transcript": b"<Transcript",
        "first signature": b"<ds:Signature",
        "second signature": b'Id="s2"',
        "reference": b"<ds:Reference",
        "properties": b"<xades:QualifyingProperties",
    }
    addresses = {
        "relative": (b"../x", _CONSTRUCT), "without scheme": (b"x", _CONSTRUCT), "a number": (b"1:x", _CONSTRUCT),
        "with a space": (b"urn:x y", _CONSTRUCT), "unreadable": (b"urn:%zz", "xml-syntax"), "not ASCII": ("urn:ê".encode(), _CONSTRUCT),
        "129 characters": (b"urn:" + b"x" * 125, _LIMIT), "60,000 characters": (b"urn:" + b"x" * 60_000, _LIMIT),
    }  # fmt: skip
    for place, start in places.items():
        for name, (address, code) in addresses.items():
            declared = b' xmlns:q="' + address + b'"' if place != "root" else b" xmlns:q\n=\t'" + address + b"'"
            raw = forger.good.replace(start, start + declared, 1)
            yield Case(f"bound: namespace {name} at the {place}", raw, code, "")
    amplified = b'<a xmlns:q="urn:' + b"x" * 60_000 + b'">' + b"<q:b/>" * 4900 + b"</a>"
    yield Case("bound: address repeated 4,900 times", amplified, _LIMIT, "")

    def stacked(root: Element) -> None:
        inner = root[0][0]
        for level in range(20):
            names = {f"p{level}x{n}": f"urn:{level}:{n}" for n in range(30)}
            inner = etree.SubElement(inner, "{urn:x}a", {f"{{{uri}}}q": "" for uri in names.values()}, nsmap=names)
        for _ in range(500):
            etree.SubElement(inner, "{urn:x}b", {f"{{urn:0:{n}}}q": "" for n in range(30)})

    yield Case("bound: 600 namespaces, 500 users", forger.signed_over(stacked), "field-unknown", None)


def _volumes(forger: Forger) -> Iterator[Case]:
    """As large as a document may be, all of it in one place."""
    large = "A" * 200_000

    def text(tag: str, content: str) -> Change:
        return lambda root: setattr(next(root.iter(tag)), "text", content)

    def case(name: str, change: Change, code: str, pointer: str) -> Case:
        return Case(f"bound: {name}", forger.signed_over(change), code, pointer)

    at = "/signatures/0"
    yield Case("bound: value of 200 kB", forger.spoilt(text(ds("SignatureValue"), large)), "signature-invalid", f"{at}/SignatureValue")  # fmt: skip
    yield case("name of 200 kB", text(f"{{{NAMESPACE}}}hovaten", large), "field-length", "/hovaten")
    yield case("name of piled up marks", text(f"{{{NAMESPACE}}}hovaten", "a" + "\u0315\u0300" * 40_000), "field-length", "/hovaten")  # fmt: skip
    yield case("text like namespaces", text(f"{{{NAMESPACE}}}hovaten", "xmlns" * 40_000), "field-length", "/hovaten")
    yield case("name of 20,000 entities", text(f"{{{NAMESPACE}}}hovaten", "<&>\r" * 5_000), "field-length", "/hovaten")
    yield case("time of 200 kB", text(xades("SigningTime"), large), "header-time", f"{at}/SigningTime")
    yield case("role of 200 kB", text(xades("ClaimedRole"), large), _LIMIT, f"{at}/SignerRoleV2")
    digest = forger.spoilt(text(ds("DigestValue"), large))
    yield Case("bound: digest of 200 kB", digest, "reference-digest", f"{at}/SignedInfo/Reference/0/DigestValue")
    yield case("Id of 200 kB", lambda r: r[1][0].set("Id", large), "reference-target", f"{at}/QualifyingProperties/@Target")  # fmt: skip
    rows = forger.signed_over(lambda r: _list(r).extend([copy(_list(r)[0]) for _ in range(900)]))
    yield Case("bound: nine hundred marks", rows, "field-length", "/dsbangdiem")


def _list(root: Element) -> Element:
    return next(root.iter(f"{{{NAMESPACE}}}dsbangdiem"))


def _orders(forger: Forger) -> Iterator[Case]:
    """The schema's order, so that each document has one spelling; only references are free."""

    def last(parent: Callable[[Element], Element], position: int) -> Change:
        def change(root: Element) -> None:
            holder = parent(root)
            holder.append(holder[position])

        return change

    for index in range(3):
        at = f"/signatures/{index}"
        parents: dict[str, tuple[Callable[[Element], Element], int, str]] = {
            "SignedInfo": (lambda r, i=index: r[1][i], 0, f"{at}/SignedInfo"),
            "SignatureValue": (lambda r, i=index: r[1][i], 1, f"{at}/SignatureValue"),
            "KeyInfo": (lambda r, i=index: r[1][i], 2, f"{at}/KeyInfo"),
            "CanonicalizationMethod": (lambda r, i=index: r[1][i][0], 0, f"{at}/SignedInfo/CanonicalizationMethod"),
            "SignatureMethod": (lambda r, i=index: r[1][i][0], 1, f"{at}/SignedInfo/SignatureMethod"),
            "Transforms": (lambda r, i=index: r[1][i][0][2], 0, f"{at}/SignedInfo/Reference/0/Transforms"),
            "DigestMethod": (lambda r, i=index: r[1][i][0][2], 1, f"{at}/SignedInfo/Reference/0/DigestMethod"),
            "SigningTime": (lambda r, i=index: r[1][i][3][0][0][0], 0, f"{at}/SignedProperties/SigningTime"),
        }
        for name, (parent, position, pointer) in parents.items():
            moved = forger.signed_over(last(parent, position))
            yield Case(f"order: {name} of {index} last", moved, _STRUCTURE, pointer)
    yield Case("order: transcript last", forger.signed_over(last(lambda r: r, 0)), _STRUCTURE, "/Transcript")


def _texts(forger: Forger) -> Iterator[Case]:
    """Text and attributes where only elements stand; a no-break space is text."""
    at = "/signatures/1"
    elements: dict[str, tuple[Callable[[Element], Element], str]] = {
        "Signature": (lambda r: r[1][1], at),
        "SignedInfo": (lambda r: r[1][1][0], f"{at}/SignedInfo"),
        "CanonicalizationMethod": (lambda r: r[1][1][0][0], f"{at}/SignedInfo/CanonicalizationMethod"),
        "SignatureMethod": (lambda r: r[1][1][0][1], f"{at}/SignedInfo/SignatureMethod"),
        "Reference": (lambda r: r[1][1][0][2], f"{at}/SignedInfo/Reference/0"),
        "Transforms": (lambda r: r[1][1][0][2][0], f"{at}/SignedInfo/Reference/0/Transforms"),
        "Transform": (lambda r: r[1][1][0][2][0][0], f"{at}/SignedInfo/Reference/0/Transforms/0"),
        "DigestMethod": (lambda r: r[1][1][0][2][1], f"{at}/SignedInfo/Reference/0/DigestMethod"),
        "KeyInfo": (lambda r: r[1][1][2], f"{at}/KeyInfo"),
        "X509Data": (lambda r: r[1][1][2][0], f"{at}/KeyInfo/X509Data"),
        "Object": (lambda r: r[1][1][3], f"{at}/Object"),
        "QualifyingProperties": (lambda r: r[1][1][3][0], f"{at}/QualifyingProperties"),
        "SignedProperties": (lambda r: r[1][1][3][0][0], f"{at}/SignedProperties"),
        "SigningCertificateV2": (lambda r: _signed(r)[1], f"{at}/SigningCertificateV2"),
        "Cert": (lambda r: _signed(r)[1][0], f"{at}/SigningCertificateV2"),
        "CertDigest": (lambda r: _signed(r)[1][0][0], f"{at}/SigningCertificateV2/CertDigest"),
        "SignerRoleV2": (lambda r: _signed(r)[2], f"{at}/SignerRoleV2"),
        "ClaimedRoles": (lambda r: _signed(r)[2][0], f"{at}/SignerRoleV2"),
    }
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    for name, (find, pointer) in elements.items():
        for kind, text in (("text", "x"), ("a no-break space", "\u00a0")):
            raw = forger.signed_over(lambda r, f=find, t=text: setattr(f(r), "text", t))
            yield Case(f"text: {kind} in {name}", raw, _STRUCTURE, pointer)
        raw = forger.signed_over(lambda r, f=find: f(r).set(nil, "true"))
        yield Case(f"text: xsi:nil of {name}", raw, _STRUCTURE, f"{pointer}/@nil")


def _signed(root: Element, index: int = 1) -> Element:
    return root[1][index][3][0][0][0]


def _claims(forger: Forger) -> Iterator[Case]:
    at = "/signatures/1"

    def case(name: str, change: Change, code: str, pointer: str) -> Case:
        return Case(f"claim: {name}", forger.signed_over(change), code, pointer)

    def inserted(tag: str, position: int, text: str | None = None) -> Change:
        def change(root: Element) -> None:
            made = etree.Element(xades(tag))
            made.text = text
            _signed(root).insert(position, made)

        return change

    serials = f"{at}/SigningCertificateV2/IssuerSerialV2"
    for name, value in issuer_serials(forger).items():
        text = value if isinstance(value, str) else b64encode(value).decode()

        def named(root: Element, t: str = text) -> None:
            etree.SubElement(_signed(root)[1][0], xades("IssuerSerialV2")).text = t

        yield case(f"issuer and serial {name}", named, "certificate-mismatch", serials)
    policy = inserted("SignaturePolicyIdentifier", 2)
    yield case("signature policy", policy, _STRUCTURE, f"{at}/SignedProperties/SignaturePolicyIdentifier")
    yield case("two roles elements", lambda r: _signed(r).append(copy(_signed(r)[2])), _STRUCTURE, f"{at}/SignerRoleV2")
    yield case("certified roles", lambda r: etree.SubElement(_signed(r)[2], xades("CertifiedRolesV2")).clear(),
               _STRUCTURE, f"{at}/SignerRoleV2/CertifiedRolesV2")  # fmt: skip
    yield case("role outside of the roles", lambda r: _signed(r)[2].append(_signed(r)[2][0][0]),
               _STRUCTURE, f"{at}/SignerRoleV2/ClaimedRole")  # fmt: skip
    yield case("role with elements", lambda r: etree.SubElement(_signed(r)[2][0][0], "x").clear(), _STRUCTURE, f"{at}/SignerRoleV2")  # fmt: skip
    yield case("place with a stranger", lambda r: etree.SubElement(_place(r), "x").clear(), _STRUCTURE, f"{at}/SignedProperties/SignatureProductionPlaceV2/x")  # fmt: skip
    yield case("seven certificates", lambda r: _signed(r)[1].extend([copy(_signed(r)[1][0]) for _ in range(6)]),
               _LIMIT, f"{at}/SigningCertificateV2")  # fmt: skip
    yield case("stranger beside the certificate", lambda r: etree.SubElement(_signed(r)[1], "x").clear(),
               _STRUCTURE, f"{at}/SigningCertificateV2/x")  # fmt: skip
    yield case("wrong second certificate", lambda r: etree.SubElement(etree.SubElement(_signed(r)[1], xades("Cert")), "x").clear(),
               _STRUCTURE, f"{at}/SigningCertificateV2/x")  # fmt: skip
    yield case("stranger about the data", lambda r: etree.SubElement(etree.SubElement(
        r[1][1][3][0][0], xades("SignedDataObjectProperties")), "x").clear(), _STRUCTURE, f"{at}/SignedProperties/SignedDataObjectProperties/x")  # fmt: skip
    yield Case("claim: signature without Id", forger.spoilt(_nameless), "xml-id", at)
    two = forger.spoilt(lambda r: [etree.SubElement(r[1][1][3][0], xades("UnsignedProperties")) for _ in range(2)])
    yield Case("claim: unsigned properties twice", two, _STRUCTURE, f"{at}/UnsignedProperties")


def _nameless(root: Element) -> None:
    del root[1][1].attrib["Id"]
    root[1][1][3][0].set("Target", "#")


def _place(root: Element) -> Element:
    made = etree.Element(xades("SignatureProductionPlaceV2"))
    _signed(root).insert(2, made)
    return made


def issuer_serial(der: bytes, *, serial: int | None = None, issuer: bytes | None = None, times: int = 1) -> bytes:
    """A DER IssuerSerial for this certificate, or altered."""
    parsed = asn1_x509.Certificate.load(der)
    name = asn1_x509.Name.load(issuer) if issuer else parsed.issuer
    names = [asn1_x509.GeneralName("directory_name", name)] * times
    return bytes(tsp.IssuerSerial({"issuer": names, "serial_number": serial or parsed.serial_number}).dump())


def issuer_serials(forger: Forger) -> dict[str, bytes | str]:
    """Wrong ones for the principal, whose certificate is the second signature's."""
    own, other = (forger.signers[n].signing_key.certificates[0] for n in (1, 2))
    right = issuer_serial(own)
    return {
        "of another": issuer_serial(other),
        "with another serial": issuer_serial(own, serial=7),
        "with another issuer": issuer_serial(own, issuer=asn1_x509.Name.build({"common_name": "x"}).dump()),
        "with two names": issuer_serial(own, times=2),
        "with no name": issuer_serial(own, times=0),
        "and more": right + b"\x05\x00",
        "cut": right[:-3],
        "as an integer": core.Integer(5).dump(),
        "of endless length": b"\x30\x84\xff\xff\xff\xff",
        "empty": b"",
        "not base64": "*",
    }


def _weak_keys(forger: Forger) -> Iterator[Case]:
    """Keys beyond the limits, in certificates the signature names rightly: no signature is computed with them."""
    for name, der in _weak_certificates().items():
        for index in (0, 2):

            def other(root: Element, i: int = index, d: bytes = der) -> None:
                root[1][i][2][0][0].text = b64encode(d).decode()

            yield Case(f"key: {name}, signature {index}", forger.signed_over(other), "signature-key", f"/signatures/{index}")  # fmt: skip


@cache
def _weak_certificates() -> dict[str, bytes]:
    issuer = pki.Authority.make_root(pki.name("CA Bất kỳ"), CERTIFICATES_FROM, CERTIFICATES_TO, key=pki.new_key("p256"))
    keys: dict[str, rsa.RSAPublicKey | ec.EllipticCurvePublicKey] = {
        "RSA of 1024 bits": rsa.RSAPublicNumbers(65_537, 2**1023 + 9).public_key(),
        "RSA of 2040 bits": rsa.RSAPublicNumbers(65_537, 2**2039 + 9).public_key(),
        "RSA of 8200 bits": rsa.RSAPublicNumbers(65_537, 2**8199 + 9).public_key(),
        "RSA exponent of 33 bits": rsa.RSAPublicNumbers(2**32 + 1, 2**2047 + 9).public_key(),
        "RSA exponent of 2000 bits": rsa.RSAPublicNumbers(2**2000 + 1, 2**2047 + 9).public_key(),
        "P-384": ec.generate_private_key(ec.SECP384R1()).public_key(),
    }
    return {
        name: issuer.issue_leaf(pki.name("Khóa yếu"), key, CERTIFICATES_FROM, CERTIFICATES_TO).public_bytes(
            Encoding.DER
        )
        for name, key in keys.items()
    }


def _manifests(forger: Forger) -> Iterator[Case]:
    """A reference to something that itself refers: covered would be the list, not what is listed."""
    for index in range(3):
        at = f"/signatures/{index}"

        def manifest(root: Element, i: int = index) -> None:
            holder = etree.SubElement(root[1][i][3], ds("Manifest"), {"Id": "m"})
            listed = reference(root[1][i][0], "#t")
            holder.append(copy(listed))
            listed.set("URI", "#m")
            listed.set("Type", "http://www.w3.org/2000/09/xmldsig#Manifest")

        raw = forger.signed_over(manifest)
        yield Case(f"manifest: instead of the transcript, signature {index}", raw, "reference-missing", f"{at}/SignedInfo")  # fmt: skip
        yield Case(f"manifest: in Object, signature {index}", raw, _STRUCTURE, f"{at}/Object/Manifest")

        def enveloping(root: Element, i: int = index) -> None:
            holder = etree.SubElement(root[1][i], ds("Object"), {"Id": "o"})
            holder.append(copy(root[0][0]))
            reference(root[1][i][0], "#t").set("URI", "#o")

        raw = forger.signed_over(enveloping)
        yield Case(f"manifest: enveloping, signature {index}", raw, "reference-missing", f"{at}/SignedInfo")

        def earlier(root: Element, i: int = index) -> None:
            """Refers to a copy of an earlier SignedInfo kept in its own properties."""
            kept = etree.SubElement(etree.SubElement(root[1][i][3][0], xades("UnsignedProperties")), xades("UnsignedSignatureProperties"))  # fmt: skip
            kept.append(copy(root[1][0][0], Id="copied"))
            reference(root[1][i][0], "#s1-si" if i else "#t").set("URI", "#copied")

        raw = forger.signed_over(earlier)
        yield Case(f"manifest: copied SignedInfo, signature {index}", raw, "reference-missing", f"{at}/SignedInfo")

        def with_prefixes(root: Element, i: int = index) -> None:
            etree.SubElement(root[1][i][0][0], f"{{{EXCLUSIVE}}}InclusiveNamespaces", {"PrefixList": "#default"})

        raw = forger.signed_over(with_prefixes)
        yield Case(f"transform: inclusive prefixes of SignedInfo {index}", raw, "reference-transform", f"{at}/SignedInfo/CanonicalizationMethod")  # fmt: skip


FAMILIES = (_declarations, _namespaces, _volumes, _orders, _texts, _claims, _weak_keys, _manifests)
