"""Signed XML between libraries: ours verified by xmlsec and signxml, theirs taken by us; what signing refuses."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import timedelta

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.exceptions import InvalidDigest
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier

from registry.core.findings import Outcome
from registry.core.trust import Algorithm
from registry.core.verdict import Verdict
from registry.demo import transcripts
from registry.demo.city import sign_document
from registry.demo.signers import DemoSigner
from registry.formats import certificates, jws_signing, xades_signing, xml_transcript
from registry.formats.xades_names import DIGESTS, METHOD_OF, SHA256, XADES, ds, xades
from registry.services import judging
from tests.small_city import NOW, PRIMARY, small_city

_CITY = small_city()
_SIGNERS = _CITY.signers_of(PRIMARY)
_INDEX = certificates.TrustIndex.build(_CITY.trust_list)
_ROLES = ["teacher", "principal", "seal"]
_TIMES = [NOW - timedelta(days=1, minutes=minutes) for minutes in (30, 20, 10)]


def judged(raw: bytes) -> Verdict:
    return judging.judge(raw, judging.XML, _INDEX, judging.Moment(NOW, NOW), schools=None)


def ours() -> etree._Element:
    return etree.fromstring(sign_document(_CITY.document(), _SIGNERS, "xml"))


def changed() -> etree._Element:
    root = ours()
    next(root.iter(f"{{{xml_transcript.NAMESPACE}}}hovaten")).text = "Kẻ Giả Mạo"
    return root


def by_xmlsec(root: etree._Element) -> None:
    xmlsec.tree.add_ids(root, ["Id"])
    for signature, signer in zip(root.iter(ds("Signature")), _SIGNERS, strict=True):
        context = xmlsec.SignatureContext()
        der = signer.signing_key.certificates[0]
        context.key = xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatCertDer)
        context.verify(signature)  # raises when it does not hold


def by_signxml(root: etree._Element) -> None:
    for index, signer in enumerate(_SIGNERS):

        class OfPlace(XAdESVerifier):
            """signxml looks at the first signature it finds; this one at that of a place."""

            place = index

            def _get_signature(self, root: etree._Element) -> etree._Element:
                return root.findall(f".//{ds('Signature')}")[self.place]

        config = XAdESSignatureConfiguration(expect_references=2 + 2 * index)
        found = OfPlace().verify(root, x509_cert=signer.certificate, expect_config=config, id_attribute="Id")
        signed = [each.signed_xml for each in (found if isinstance(found, list) else [found])]
        assert [etree.QName(each).localname for each in signed if each is not None] == [
            "Transcript", *["SignedInfo", "SignatureValue"] * index, "SignedProperties"]  # fmt: skip


def test_two_other_libraries_verify_each_signature() -> None:
    by_xmlsec(ours())
    by_signxml(ours())


def test_they_refuse_what_was_changed_as_we_do() -> None:
    with pytest.raises(xmlsec.Error):
        by_xmlsec(changed())
    with pytest.raises(InvalidDigest):
        by_signxml(changed())
    assert "reference-digest" in {finding.code.slug for finding in judged(etree.tostring(changed())).findings}


def signed_by_xmlsec(digest: str) -> bytes:
    """The container as another library makes it: its own digests, values and line breaks."""
    root = etree.fromstring(xades_signing.wrap(xml_transcript.write(_CITY.document())))
    covered = ["t"]
    for number, (signer, moment) in enumerate(zip(_SIGNERS, _TIMES, strict=True), start=1):
        name = f"n{number}"
        key = signer.signing_key
        method = (
            xmlsec.constants.TransformRsaSha256
            if key.algorithm is Algorithm.PS256
            else xmlsec.constants.TransformEcdsaSha256
        )
        signature = xmlsec.template.create(root, xmlsec.constants.TransformExclC14N, method, ns="dsig")
        signature.set("Id", name)
        root[1].append(signature)
        signature[0].set("Id", f"{name}-i")
        signature[1].set("Id", f"{name}-v")
        data = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        for der in key.certificates:
            etree.SubElement(data, ds("X509Certificate")).text = b64encode(der).decode()
        holder = etree.SubElement(signature, ds("Object"))
        add_properties(holder, name, key.certificates[0], f"{moment:%Y-%m-%dT%H:%M:%SZ}")
        hashed = {
            "sha256": xmlsec.constants.TransformSha256,
            "sha384": xmlsec.constants.TransformSha384,
            "sha512": xmlsec.constants.TransformSha512,
        }[digest]
        for target in [f"{name}-p", *covered]:  # references in an order of their own
            kind = "http://uri.etsi.org/01903#SignedProperties" if target == f"{name}-p" else None
            reference = xmlsec.template.add_reference(signature, hashed, uri=f"#{target}", type=kind)
            xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
        xmlsec.tree.add_ids(root, ["Id"])
        sign_with_xmlsec(signature, signer)
        covered += [f"{name}-i", f"{name}-v"]
    return etree.tostring(root)


def add_properties(holder: etree._Element, name: str, der: bytes, moment: str) -> None:
    qualifying = etree.SubElement(holder, xades("QualifyingProperties"), {"Target": f"#{name}"}, nsmap={"xa": XADES})
    signed = etree.SubElement(qualifying, xades("SignedProperties"), {"Id": f"{name}-p"})
    inner = etree.SubElement(signed, xades("SignedSignatureProperties"))
    etree.SubElement(inner, xades("SigningTime")).text = moment
    cert = etree.SubElement(etree.SubElement(inner, xades("SigningCertificateV2")), xades("Cert"))
    digest = etree.SubElement(cert, xades("CertDigest"))
    etree.SubElement(digest, ds("DigestMethod"), {"Algorithm": SHA256})
    etree.SubElement(digest, ds("DigestValue")).text = b64encode(hashlib.sha256(der).digest()).decode()


def sign_with_xmlsec(signature: etree._Element, signer: DemoSigner) -> None:
    context = xmlsec.SignatureContext()
    pem = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(signature)


@pytest.mark.parametrize("digest", sorted(set(DIGESTS.values())))
def test_what_xmlsec_signs_is_accepted(digest: str) -> None:
    verdict = judged(signed_by_xmlsec(digest))
    assert (verdict.outcome, verdict.findings) == (Outcome.ACCEPTED, ())
    assert [facts.algorithm for facts in verdict.signatures].count(Algorithm.RS256) == sum(
        signer.signing_key.algorithm is Algorithm.PS256 for signer in _SIGNERS
    )


def test_pkcs1_is_named_as_such() -> None:
    keys = [
        jws_signing.SigningKey.from_private_key(
            signer.key,
            signer.signing_key.certificates,
            Algorithm.RS256 if signer.signing_key.algorithm is Algorithm.PS256 else None,
        )
        for signer in _SIGNERS
    ]
    raw = xades_signing.sign_envelope(xml_transcript.write(_CITY.document()), keys, _TIMES, _ROLES)
    assert METHOD_OF[Algorithm.RS256].encode() in raw
    by_xmlsec(etree.fromstring(raw))
    assert judged(raw).outcome is Outcome.ACCEPTED


def test_signatures_are_added_one_by_one() -> None:
    record = xml_transcript.from_json(transcripts.to_bytes(_CITY.document()))
    keys = [signer.signing_key for signer in _SIGNERS]
    container = xades_signing.wrap(record)
    for key, moment, role in zip(keys, _TIMES, _ROLES, strict=True):
        container = xades_signing.add_signature(container, key, moment, role)
    assert judged(container).outcome is Outcome.ACCEPTED
    assert [facts.signed_at for facts in judged(container).signatures] == [t.replace(microsecond=0) for t in _TIMES]


def test_signing_refuses_what_is_not_a_record() -> None:
    key = _SIGNERS[0].signing_key
    with pytest.raises(ValueError, match="xml-construct"):
        xades_signing.wrap(b"<!DOCTYPE x><x/>")
    with pytest.raises(ValueError, match="signer"):
        xades_signing.sign_envelope(b"<x/>", [], [], [])
    for container in (b"<x/>", b"<x", b"{}"):
        with pytest.raises(ValueError, match="container"):
            xades_signing.add_signature(container, key, NOW, "seal")
