"""Signed XML documents that must not be accepted, each named after its defect, with the code and pointer it should get.

Where a defect lies inside what is signed, the document is signed again over the defect, so that only the guard can catch it.
"""

# A lambda whose default binds a loop's variable has no type mypy could infer.
# mypy: disable-error-code="misc"

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator

from lxml import etree

from registry.demo.city import sign_document
from registry.demo.signers import DemoSigner
from registry.formats.xades_names import DS, EXCLUSIVE, TRANSCRIPT, XADES, ds, xades
from registry.formats.xml_transcript import NAMESPACE
from tests import hostile_xml_bounds
from tests.hostile_xml_forger import Case, Change, Element, Forger, copy, drop, reference
from tests.small_city import SECONDARY, SmallCity


def cases(city: SmallCity) -> list[Case]:
    """All of them."""
    forger = Forger(city)
    return [
        case
        for family in (
            _guarded,
            _containers,
            _wrapped,
            _references,
            _transforms,
            _algorithms,
            _keys,
            _properties,
            _chains,
            _contents,
            *hostile_xml_bounds.FAMILIES,
        )
        for case in family(forger)
    ]


def _guarded(forger: Forger) -> Iterator[Case]:
    good = forger.good
    body = good.partition(b"?>")[2].lstrip()

    def case(name: str, raw: bytes, code: str) -> Case:
        return Case(f"guard: {name}", raw, code, "")

    bombs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    doctypes = {
        "empty doctype": "<!DOCTYPE x>",
        "entity": '<!DOCTYPE x [<!ENTITY a "b">]>',
        "billion laughs": f'<!DOCTYPE x [<!ENTITY e0 "ha">{bombs}]>',
        "external entity": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        "external subset": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        "public subset": '<!DOCTYPE x PUBLIC "-//X" "http://127.0.0.1:9/x.dtd">',
        "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
        "forged default Id": '<!DOCTYPE x [<!ATTLIST hovaten Id ID "t">]>',
        "notation": '<!DOCTYPE x [<!NOTATION n SYSTEM "n">]>',
    }
    for name, doctype in doctypes.items():
        yield case(name, doctype.encode() + body, "xml-construct")
    yield case("doctype after the declaration", b'<?xml version="1.0"?>\n<!DOCTYPE x>' + body, "xml-construct")
    for name, old, new in (
        ("comment splits a name", b"<hovaten>", b"<hovaten><!--x-->"),
        ("comment between fields", b"<hovaten>", b"<!--x--><hovaten>"),
        ("comment in SignedInfo", b"<ds:SignatureMethod", b"<!--x--><ds:SignatureMethod"),
        ("comment in a digest", b"<ds:DigestValue>", b"<ds:DigestValue><!---->"),
        ("comment before the root", b"<SignedTranscript", b"<!-- x --><SignedTranscript"),
        ("CDATA in a field", b"<hovaten>", b"<hovaten><![CDATA[x]]>"),
        ("instruction in a field", b"<hovaten>", b"<hovaten><?x y?>"),
        ("style sheet", b"<SignedTranscript", b'<?xml-stylesheet href="x"?><SignedTranscript'),
        ("second declaration", b"<SignedTranscript", b'<?xml version="1.0"?><SignedTranscript'),
    ):
        yield case(name, good.replace(old, new, 1), "xml-construct")
    yield case("comment after the root", good + b"<!--x-->", "xml-construct")
    yield case("byte order mark", b"\xef\xbb\xbf" + body, "xml-encoding")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield case(encoding, body.decode().encode(encoding), "xml-encoding")
    for named in (b"ISO-8859-1", b"UTF-16", b"utf-7", b"cp1258"):
        yield case(
            f"declares {named.decode()}", b'<?xml version="1.0" encoding="' + named + b'"?>' + body, "xml-encoding"
        )
    yield case("broken UTF-8", good.replace(b"<hovaten>", b"<hovaten>\xc3\x28", 1), "xml-encoding")
    yield case("overlong UTF-8", good.replace(b"<hovaten>", b"<hovaten>\xc0\xbc", 1), "xml-encoding")
    yield case("surrogate in UTF-8", good.replace(b"<hovaten>", b"<hovaten>\xed\xa0\x80", 1), "xml-encoding")
    for name, old, new in (
        ("NUL", b"<hovaten>", b"<hovaten>\x00"), ("control character", b"<hovaten>", b"<hovaten>\x07"),
        ("reference to NUL", b"<hovaten>", b"<hovaten>&#0;"), ("reference to a surrogate", b"<hovaten>", b"<hovaten>&#xD800;"),
        ("unknown entity", b"<hovaten>", b"<hovaten>&nbsp;"), ("unclosed element", b"</hovaten>", b""),
        ("unknown prefix", b"<hovaten>", b"<q:x/><hovaten>"), ("attribute twice", b'Id="t"', b'Id="t" Id="t"'),
        ("crossed elements", b"</hovaten>", b"</tenlop>"), ("bare ampersand", b"<hovaten>", b"<hovaten>&"),
    ):  # fmt: skip
        yield case(name, good.replace(old, new, 1), "xml-syntax")
    yield case("two roots", body + body, "xml-syntax")
    for name, raw in (
        ("empty", b""),
        ("blank", b"  \n"),
        ("text", b"x"),
        ("JSON", b'{"payload":""}'),
        ("truncated", good[:-40]),
    ):
        yield case(name, raw, "xml-syntax")
    yield case("60 levels", b"<a>" * 60 + b"</a>" * 60, "xml-limit")
    yield case("100,000 levels", b"<a>" * 30_000, "xml-limit")
    yield case("6,000 elements", b"<a>" + b"<b/>" * 12_000 + b"</a>", "xml-limit")
    yield case("too large", good + b" " * 262_144, "xml-limit")
    for count in (70, 5000, 20_000):
        attributes = " ".join(f'a{n:x}=""' for n in range(count)).encode()
        yield case(f"{count} attributes", b"<a " + attributes + b"/>", "xml-limit")
    spaces = " ".join(f'xmlns:n{n:x}="u:{n:x}"' for n in range(3000)).encode()
    yield case("3,000 namespaces", b"<a " + spaces + b">" + b"<b/>" * 300 + b"</a>", "xml-limit")
    hidden = b'<a x=">" ' + " ".join(f'a{n:x}=""' for n in range(100)).encode() + b"/>"
    yield case("attributes behind a bracket", hidden, "xml-limit")


def _containers(forger: Forger) -> Iterator[Case]:
    good = forger.good

    def case(name: str, change: Change, pointer: str | None, code: str = "xml-structure") -> Case:
        return Case(f"container: {name}", forger.signed_over(change), code, pointer)

    def renamed(raw: bytes, old: bytes, new: bytes) -> bytes:
        return raw.replace(b"<" + old, b"<" + new).replace(b"</" + old, b"</" + new)

    yield Case("container: other root", renamed(good, b"SignedTranscript", b"Signed"), "xml-structure", "")
    yield Case(
        "container: other namespace",
        good.replace(b"urn:hocbaso:signed:1", b"urn:hocbaso:signed:2"),
        "xml-structure",
        "",
    )
    yield Case("container: no namespace", good.replace(b' xmlns="urn:hocbaso:signed:1"', b"", 1), "xml-structure", "")
    for position in range(3):
        yield case(f"stranger at {position}", lambda r, p=position: r.insert(p, etree.Element("x")), "/x")
    yield case("text in the root", lambda r: setattr(r, "text", "x"), "")
    yield case("attribute of the root", lambda r: r.set("x", "y"), "/@x")
    yield case("xml:base", lambda r: r.set("{http://www.w3.org/XML/1998/namespace}base", "y"), "/@base")
    yield case("second transcript", lambda r: r.insert(1, copy(r[0], Id="t2")), "/Transcript")
    yield case("second list of signatures", lambda r: r.append(copy(r[1])), "/Signatures")
    yield case("no list of signatures", lambda r: r.remove(r[1]), "/Signatures")
    yield case("transcript among the signatures", lambda r: r[1].insert(0, r[0]), None)
    yield case("signature inside the transcript", lambda r: r[0].append(r[1][0]), None, "xml-structure")
    yield case("stranger among the signatures", lambda r: r[1].append(etree.Element("x")), "/signatures/x")
    yield case("attribute of the transcript", lambda r: r[0].set("x", "y"), "/Transcript/@x")
    yield case("no signature", lambda r: r[1].clear(), "/signatures", "envelope-signatures")
    yield case(
        "17 signatures",
        lambda r: r[1].extend([copy(r[1][0]) for _ in range(14)]),
        "/signatures",
        "envelope-signatures",
    )
    yield case("transcript without Id", lambda r: r[0].attrib.pop("Id"), "/Transcript", "xml-id")
    yield case("empty Id", lambda r: r[0].set("Id", ""), "/Transcript", "xml-id")
    for name in ("id", "ID", "{http://www.w3.org/XML/1998/namespace}id", "{urn:x}Id"):
        yield case(f"second Id as {name[-5:]}", lambda r, n=name: r[1].set(n, "t"), "", "xml-id")


def _forged(root: Element) -> Element:
    """A transcript of another name in the place of the signed one, which the caller puts elsewhere."""
    signed = root[0]
    forged = copy(signed)
    for name in forged.iter(f"{{{NAMESPACE}}}hovaten"):
        name.text = "Kẻ Giả Mạo"
    root.replace(signed, forged)
    return signed


def _wrapped(forger: Forger) -> Iterator[Case]:
    """The signed transcript is moved to where a look-up by Id would still find it, a forged one stands in its place."""
    places: dict[str, Callable[[Element], Element]] = {
        "Object": lambda s: etree.SubElement(s, ds("Object")),
        "first Object": lambda s: s[3],
        "KeyInfo": lambda s: s[2],
        "SignedInfo": lambda s: s[0],
        "UnsignedProperties": lambda s: etree.SubElement(
            etree.SubElement(s[3][0], xades("UnsignedProperties")), xades("UnsignedSignatureProperties")
        ),
    }
    for index in range(3):
        for name, place in places.items():
            for identity in ("same Id", "other Id", "no Id"):

                def change(
                    root: Element, i: int = index, p: Callable[[Element], Element] = place, how: str = identity
                ) -> None:
                    signed = _forged(root)
                    p(root[1][i]).append(signed)
                    if how == "other Id":
                        root[0].set("Id", "forged")
                    elif how == "no Id":
                        del root[0].attrib["Id"]

                code = {"same Id": "xml-id", "other Id": "reference-missing", "no Id": "xml-id"}[identity]
                yield Case(f"wrapped: {name} of {index}, {identity}", forger.spoilt(change), code)
    for index in range(3):
        for part, tag in enumerate(("SignedInfo", "SignatureValue", "KeyInfo", "Object")):

            def doubled(root: Element, i: int = index, p: int = part) -> None:
                root[1][i].append(copy(root[1][i][p]))

            yield Case(
                f"wrapped: {tag} of {index} twice",
                forger.spoilt(doubled),
                "xml-structure",
                f"/signatures/{index}/{tag}",
            )

        def second_properties(root: Element, i: int = index) -> None:
            qualifying = root[1][i][3][0]
            qualifying.append(copy(qualifying[0], Id="other"))

        yield Case(f"wrapped: SignedProperties of {index} twice", forger.spoilt(second_properties), "xml-structure")


def _references(forger: Forger) -> Iterator[Case]:
    changes: dict[str, tuple[Change, str]] = {
        "transcript left out": (lambda info: info.remove(reference(info, "#t")), "reference-missing"),
        "properties left out": (lambda info: info.remove(info[-1]), "reference-missing"),
        "twice": (lambda info: info.append(copy(reference(info, "#t"))), "reference-target"),
        "of the whole document": (lambda info: reference(info, "#t").set("URI", ""), "reference-target"),
        "without URI": (lambda info: drop(reference(info, "#t"), "URI"), "reference-target"),
        "of an address": (lambda info: reference(info, "#t").set("URI", "http://127.0.0.1:9/t"), "reference-target"),
        "of a file": (lambda info: reference(info, "#t").set("URI", "file:///etc/passwd"), "reference-target"),
        "by xpointer": (lambda info: reference(info, "#t").set("URI", "#xpointer(/)"), "reference-target"),
        "by xpointer id": (lambda info: reference(info, "#t").set("URI", "#xpointer(id('t'))"), "reference-target"),
        "of nothing": (lambda info: reference(info, "#t").set("URI", "#nowhere"), "reference-target"),
        "of a manifest": (lambda info: reference(info, "#t").set("Type", f"{DS}Manifest"), "reference-target"),
        "of an object": (lambda info: reference(info, "#t").set("Type", f"{DS}Object"), "reference-target"),
        "of properties without Type": (lambda info: drop(info[-1], "Type"), "reference-target"),
        "of itself": (lambda info: reference(info, "#t").set("URI", f"#{info.get('Id')}"), "reference-target"),
        "with a wrong digest": (lambda info: _digest(info, "A" * 43 + "="), "reference-digest"),
        "with an empty digest": (lambda info: _digest(info, ""), "reference-digest"),
        "without digest": (lambda info: reference(info, "#t").remove(reference(info, "#t")[2]), "xml-structure"),
        "with a stranger": (lambda info: reference(info, "#t").append(etree.Element("x")), "xml-structure"),
    }  # fmt: skip
    for index in range(3):
        for name, (change, code) in changes.items():
            raw = forger.spoilt(lambda r, i=index, c=change: c(r[1][i][0])) if "digest" in name else (
                forger.signed_over(lambda r, i=index, c=change: c(r[1][i][0]))
            )  # fmt: skip
            yield Case(f"reference: {name}, signature {index}", raw, code)
    for left_out in ("#s1-si", "#s1-sv", "#s2-si", "#s2-sv"):
        raw = forger.signed_over(lambda r, u=left_out: r[1][2][0].remove(reference(r[1][2][0], u)))
        yield Case(f"reference: seal does not cover {left_out}", raw, "reference-missing", "/signatures/2/SignedInfo")
    many = forger.signed_over(lambda r: r[1][0][0].extend([copy(r[1][0][0][2]) for _ in range(400)]))
    yield Case("reference: four hundred", many, "reference-target", "/signatures/0/SignedInfo")


def _digest(info: Element, text: str) -> None:
    value = reference(info, "#t").find(ds("DigestValue"))
    assert value is not None
    value.text = text


_FOREIGN_TRANSFORMS = {
    "enveloped": f"{DS}enveloped-signature",
    "XPath": "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "XPath filter": "http://www.w3.org/2002/06/xmldsig-filter2",
    "XSLT": "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "base64": f"{DS}base64",
    "inclusive": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "inclusive with comments": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "inclusive 1.1": "http://www.w3.org/2006/12/xml-c14n11",
    "exclusive with comments": f"{EXCLUSIVE}WithComments",
    "decryption": "http://www.w3.org/2002/07/decrypt#XML",
    "nothing": "",
}


def _transforms(forger: Forger) -> Iterator[Case]:
    for index in (0, 2):
        for name, algorithm in _FOREIGN_TRANSFORMS.items():
            at = f"/signatures/{index}/SignedInfo"

            def instead(root: Element, i: int = index, a: str = algorithm) -> None:
                reference(root[1][i][0], "#t")[0][0].set("Algorithm", a)

            def besides(root: Element, i: int = index, a: str = algorithm) -> None:
                etree.SubElement(reference(root[1][i][0], "#t")[0], ds("Transform"), {"Algorithm": a})

            def of_info(root: Element, i: int = index, a: str = algorithm) -> None:
                root[1][i][0][0].set("Algorithm", a)

            for how, change, place in (
                ("instead", instead, f"{at}/Reference/0/Transforms/0"),
                ("besides", besides, f"{at}/Reference/0/Transforms"),
                ("of SignedInfo", of_info, f"{at}/CanonicalizationMethod"),
            ):
                yield Case(
                    f"transform: {name} {how}, signature {index}",
                    forger.signed_over(change),
                    "reference-transform",
                    place,
                )

    def prefixes(root: Element) -> None:
        transform = reference(root[1][0][0], "#t")[0][0]
        etree.SubElement(transform, f"{{{EXCLUSIVE}}}InclusiveNamespaces", {"PrefixList": "ds xades"})

    yield Case("transform: inclusive prefixes", forger.signed_over(prefixes), "reference-transform")
    none = forger.signed_over(lambda r: reference(r[1][0][0], "#t").remove(reference(r[1][0][0], "#t")[0]))
    yield Case("transform: none at all", none, "xml-structure", "/signatures/0/SignedInfo/Reference/0/Transforms")


def _algorithms(forger: Forger) -> Iterator[Case]:
    methods = {
        "RSA SHA-1": f"{DS}rsa-sha1", "DSA SHA-1": f"{DS}dsa-sha1", "HMAC SHA-1": f"{DS}hmac-sha1",
        "HMAC SHA-256": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "ECDSA SHA-1": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "RSA SHA-512": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        "RSA MD5": "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "none": "none", "nothing": "",
    }  # fmt: skip
    for index in range(3):
        for name, uri in methods.items():
            raw = forger.signed_over(lambda r, i=index, u=uri: r[1][i][0][1].set("Algorithm", u))
            yield Case(
                f"algorithm: {name}, signature {index}",
                raw,
                "header-algorithm",
                f"/signatures/{index}/SignedInfo/SignatureMethod",
            )
    other = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    for index, uri in ((0, other[0]), (1, other[1]), (2, other[1])):
        raw = forger.signed_over(lambda r, i=index, u=uri: r[1][i][0][1].set("Algorithm", u))
        yield Case(
            f"algorithm: of another key, signature {index}",
            raw,
            "header-algorithm-key",
            f"/signatures/{index}/SignedInfo/SignatureMethod",
        )
    digests = {
        "SHA-1": f"{DS}sha1",
        "MD5": "http://www.w3.org/2001/04/xmldsig-more#md5",
        "unknown": "urn:x",
        "nothing": "",
    }
    for name, uri in digests.items():
        raw = forger.signed_over(lambda r, u=uri: reference(r[1][1][0], "#t")[1].set("Algorithm", u))
        yield Case(
            f"algorithm: digest {name}", raw, "reference-hash", "/signatures/1/SignedInfo/Reference/0/DigestMethod"
        )


def _keys(forger: Forger) -> Iterator[Case]:
    def case(name: str, change: Change, code: str, pointer: str | None) -> Case:
        return Case(f"key: {name}", forger.spoilt(change), code, pointer)

    for name in ("KeyValue", "RetrievalMethod", "KeyName", "PGPData", "SPKIData", "MgmtData"):
        yield case(
            name,
            lambda r, n=name: r[1][0][2].append(etree.Element(ds(n))),
            "header-key-injection",
            "/signatures/0/KeyInfo",
        )
    data = "/signatures/0/KeyInfo/X509Data"
    yield case(
        "issuer and serial",
        lambda r: r[1][0][2][0].append(etree.Element(ds("X509IssuerSerial"))),
        "xml-structure",
        f"{data}/X509IssuerSerial",
    )
    yield case("second X509Data", lambda r: r[1][0][2].append(copy(r[1][0][2][0])), "xml-structure", data)
    yield case("no X509Data", lambda r: r[1][0][2].remove(r[1][0][2][0]), "xml-structure", data)
    yield case("no KeyInfo", lambda r: r[1][0].remove(r[1][0][2]), "xml-structure", "/signatures/0/KeyInfo")
    yield case("no certificate", lambda r: r[1][0][2][0].clear(), "certificate-size", "/signatures/0/X509Certificate")
    eight = [copy(forger.tree()[1][0][2][0][1]) for _ in range(8)]
    yield case(
        "ten certificates", lambda r: r[1][0][2][0].extend(eight), "certificate-size", "/signatures/0/X509Certificate"
    )
    first = "/signatures/0/X509Certificate/0"
    yield case("huge certificate", lambda r: setattr(r[1][0][2][0][0], "text", "A" * 40_000), "certificate-size", first)
    yield case("garbage", lambda r: setattr(r[1][0][2][0][0], "text", "AAAA"), "certificate-malformed", first)
    yield case("not base64", lambda r: setattr(r[1][0][2][0][0], "text", "*"), "certificate-malformed", first)
    yield case(
        "CA first",
        lambda r: r[1][0][2][0].insert(0, r[1][0][2][0][1]),
        "certificate-mismatch",
        "/signatures/0/SigningCertificateV2",
    )
    other = forger.tree()[1][1][2][0][0].text
    yield case(
        "certificate of another", lambda r: setattr(r[1][0][2][0][0], "text", other), "certificate-mismatch", None
    )


def _properties(forger: Forger) -> Iterator[Case]:
    at = "/signatures/0"

    def case(name: str, change: Change, code: str, pointer: str | None) -> Case:
        return Case(f"properties: {name}", forger.signed_over(change), code, pointer)

    def inner(root: Element) -> Element:
        return root[1][0][3][0][0][0]

    for name, text in (("no zone", "2024-05-29T02:00:00"), ("a date", "2024-05-29"), ("nonsense", "yesterday"), ("year 0", "0000-01-01T00:00:00Z"),
                       ("year 10000", "10000-01-01T00:00:00Z"), ("leap second", "2024-05-29T02:00:60Z"), ("empty", "")):  # fmt: skip
        yield case(
            f"time: {name}", lambda r, t=text: setattr(inner(r)[0], "text", t), "header-time", f"{at}/SigningTime"
        )
    yield case(
        "time: overflow",
        lambda r: setattr(inner(r)[0], "text", "0001-01-01T00:00:00+14:00"),
        "header-time",
        f"{at}/SigningTime",
    )
    yield case("time: none", lambda r: inner(r).remove(inner(r)[0]), "header-time", f"{at}/SigningTime")
    yield case("time: two", lambda r: inner(r).append(copy(inner(r)[0])), "header-time", f"{at}/SigningTime")
    yield case(
        "time: future",
        lambda r: setattr(inner(r)[0], "text", "2031-01-01T00:00:00Z"),
        "time-future",
        f"{at}/SigningTime",
    )
    yield case(
        "time: after the next",
        lambda r: setattr(inner(r)[0], "text", "2024-06-29T02:00:00Z"),
        "time-order",
        "/signatures/1/SigningTime",
    )
    yield case(
        "certificate: none", lambda r: inner(r).remove(inner(r)[1]), "xml-structure", f"{at}/SigningCertificateV2"
    )
    yield case(
        "certificate: no Cert", lambda r: inner(r)[1].clear(), "header-certificate", f"{at}/SigningCertificateV2"
    )
    yield case(
        "certificate: no digest",
        lambda r: inner(r)[1][0][0].clear(),
        "header-certificate",
        f"{at}/SigningCertificateV2",
    )
    yield case(
        "certificate: SHA-1",
        lambda r: inner(r)[1][0][0][0].set("Algorithm", f"{DS}sha1"),
        "reference-hash",
        f"{at}/SigningCertificateV2/DigestMethod",
    )
    yield case(
        "certificate: wrong digest",
        lambda r: setattr(inner(r)[1][0][0][1], "text", "A" * 43 + "="),
        "certificate-mismatch",
        f"{at}/SigningCertificateV2",
    )
    yield case("version 1", lambda r: setattr(inner(r)[1], "tag", xades("SigningCertificate")), "xml-structure", None)
    yield case(
        "stranger", lambda r: inner(r).append(etree.Element(xades("X"))), "xml-structure", f"{at}/SignedProperties/X"
    )
    yield case(
        "target", lambda r: r[1][0][3][0].set("Target", "#s2"), "reference-target", f"{at}/QualifyingProperties/@Target"
    )
    yield case(
        "no Target", lambda r: drop(r[1][0][3][0], "Target"), "reference-target", f"{at}/QualifyingProperties/@Target"
    )
    yield case("none", lambda r: r[1][0][3].remove(r[1][0][3][0]), "xml-structure", f"{at}/Object/QualifyingProperties")
    yield case("no Id", lambda r: drop(r[1][0][3][0][0], "Id"), "xml-id", f"{at}/SignedProperties")
    yield case(
        "a hundred roles",
        lambda r: inner(r)[2][0].extend([copy(inner(r)[2][0][0]) for _ in range(99)]),
        "xml-limit",
        f"{at}/SignerRoleV2",
    )

    def token(root: Element) -> None:
        unsigned = etree.SubElement(root[1][0][3][0], xades("UnsignedProperties"))
        stamp = etree.SubElement(
            etree.SubElement(unsigned, xades("UnsignedSignatureProperties")), xades("SignatureTimeStamp")
        )
        etree.SubElement(stamp, ds("CanonicalizationMethod"), {"Algorithm": EXCLUSIVE})
        etree.SubElement(stamp, xades("EncapsulatedTimeStamp")).text = b64encode(b"x" * 40_000).decode()

    yield case("huge time-stamp", token, "xml-limit", f"{at}/UnsignedProperties/0")


def _chains(forger: Forger) -> Iterator[Case]:
    city, (teacher, principal, seal) = forger.city, forger.signers
    document = city.document()

    def signed(name: str, by: list[DemoSigner], code: str, pointer: str | None) -> Case:
        return Case(f"chain: {name}", sign_document(document, by, "xml"), code, pointer)

    yield signed("seal missing", [teacher, principal], "signer-role-missing", "/signatures")
    yield signed("teacher missing", [principal, seal], "signer-role-missing", "/signatures")
    yield signed("one signer", [seal], "signer-role-missing", "/signatures")
    yield signed("seal before principal", [teacher, seal, principal], "signer-role-order", None)
    yield signed("principal before teacher", [principal, teacher, seal], "signer-role-order", None)
    yield signed("same certificate twice", [teacher, teacher, principal, seal], "signature-repeated", "/signatures/1")
    yield signed("teacher as seal", [teacher, principal, teacher], "signature-repeated", "/signatures/2")
    yield signed(
        "seal of another school", [teacher, principal, city.signers_of(SECONDARY)[2]], "signer-school", "/signatures/2"
    )
    yield signed(
        "teacher of another school", [city.signers_of(SECONDARY)[0], principal, seal], "signer-school", "/signatures/0"
    )
    for index, code in ((0, "reference-missing"), (1, "reference-missing"), (2, "signer-role-missing")):
        yield Case(f"chain: signature {index} stripped", forger.spoilt(lambda r, i=index: r[1].remove(r[1][i])),
                   code if index == 2 else "reference-target")  # fmt: skip
    for first, second in ((0, 1), (1, 2), (0, 2)):

        def swap(root: Element, a: int = first, b: int = second) -> None:
            one, two = root[1][a], root[1][b]
            root[1].insert(b, one)
            root[1].insert(a, two)

        yield Case(f"chain: {first} and {second} swapped", forger.spoilt(swap), "reference-target")
    for index in range(3):
        at = f"/signatures/{index}/SignatureValue"

        def flipped(root: Element, i: int = index) -> None:
            raw = bytearray(b64decode(root[1][i][1].text or ""))
            raw[0] ^= 1
            root[1][i][1].text = b64encode(bytes(raw)).decode()

        yield Case(f"chain: value {index} flipped", forger.spoilt(flipped), "signature-invalid", at)
        for name, text in (("empty", ""), ("not base64", "*"), ("short", "AAAA")):
            raw = forger.spoilt(lambda r, i=index, t=text: setattr(r[1][i][1], "text", t))
            yield Case(
                f"chain: value {index} {name}", raw, "signature-invalid" if name == "short" else "envelope-base64", at
            )
    stranger = forger.signed_over(lambda _: None, [principal, principal, seal])
    yield Case("chain: signed with another key", stranger, "signature-invalid", "/signatures/0/SignatureValue")


def _contents(forger: Forger) -> Iterator[Case]:
    """Signed by the right people over content that is not what it should be."""

    def case(name: str, change: Change, code: str, pointer: str | None) -> Case:
        def within(root: Element) -> None:
            record = root.find(TRANSCRIPT)
            assert record is not None
            change(record[0])

        return Case(f"content: {name}", forger.signed_over(within), code, pointer)

    def field(record: Element, name: str) -> Element:
        return next(record.iter(f"{{{NAMESPACE}}}{name}"))

    def added(tag: str, text: str = "x") -> Change:
        return lambda record: setattr(etree.SubElement(record, tag), "text", text)

    ours = f"{{{NAMESPACE}}}"
    yield case("unknown field", added(f"{ours}ghichu"), "field-unknown", "/ghichu")
    yield case("wrong case", added(f"{ours}HoVaTen"), "field-unknown", "/HoVaTen")
    yield case("field twice", added(f"{ours}hovaten"), "json-duplicate", "/hovaten")
    yield case("list twice", added(f"{ours}dsbangdiem"), "json-duplicate", "/dsbangdiem")
    yield case("other namespace", added("{urn:x}hovaten"), "field-unknown", "/hovaten")
    yield case("number in a name", added(f"{ours}x079012345678"), "field-unknown", "")
    yield case("attribute", lambda r: field(r, "hovaten").set("x", "y"), "field-unknown", "/hovaten/@x")
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    yield case("xsi:nil", lambda r: field(r, "hovaten").set(nil, "true"), "field-unknown", "/hovaten/@nil")
    space = "{http://www.w3.org/XML/1998/namespace}space"
    yield case("xml:space", lambda r: r.set(space, "preserve"), "field-unknown", "/@space")
    yield case(
        "element in a text", lambda r: etree.SubElement(field(r, "hovaten"), "b").clear(), "field-type", "/hovaten"
    )
    yield case("text between fields", lambda r: setattr(field(r, "hovaten"), "tail", "x"), "field-unknown", "")
    yield case("text in a list", lambda r: setattr(field(r, "dsbangdiem"), "text", "x"), "field-unknown", "/dsbangdiem")
    yield case(
        "other row", lambda r: setattr(field(r, "dsbangdiem")[0], "tag", f"{ours}row"), "field-unknown", "/dsbangdiem/0"
    )
    yield case("mark of 11", lambda r: setattr(field(r, "diemkiemtradinhky"), "text", "11"), "rule-mark-scale", None)
    yield case("flag in capitals", lambda r: setattr(field(r, "trichluc"), "text", "FALSE"), "field-type", "/trichluc")
    yield case("flag as a digit", lambda r: setattr(field(r, "trichluc"), "text", "0"), "field-type", "/trichluc")
    yield case("no name", lambda r: r.remove(field(r, "hovaten")), "field-missing", "/hovaten")
    yield case("empty name", lambda r: setattr(field(r, "hovaten"), "text", ""), "field-empty", "/hovaten")
    yield case(
        "space before a code", lambda r: setattr(field(r, "matruong"), "text", " 79771101"), "field-format", "/matruong"
    )
    yield case(
        "century digit", lambda r: setattr(field(r, "sodinhdanh"), "text", "079912345678"), "number-sex", "/sodinhdanh"
    )
    yield case("other record", lambda r: setattr(r, "tag", f"{ours}thongtinkhac"), "xml-structure", "")
    yield case("other schema", lambda r: setattr(r, "tag", "{urn:x}thongtinsohocbasotieuhoc"), "xml-structure", "")
    yield case(
        "other family", lambda r: setattr(r, "tag", f"{ours}thongtinsohocbasothcsthpt"), "field-type", "/dsbangdiem"
    )

    def two_records(root: Element) -> None:
        root[0].append(copy(root[0][0]))

    yield Case("content: two records", forger.signed_over(two_records), "xml-structure", "")
    yield Case("content: no record", forger.signed_over(lambda r: r[0].remove(r[0][0])), "xml-structure", "")


#: The namespaces a reader of these cases meets.
NAMESPACES = (DS, XADES, NAMESPACE)
