"""Signed XML: good documents by us and by others, and every hostile one with its own code and pointer, in time."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import xmlsec
from lxml import etree

from registry.core.findings import Outcome
from registry.core.verdict import Verdict
from registry.demo import transcripts
from registry.demo.city import sign_document
from registry.formats import certificates, documents, xades, xades_signing, xml_transcript
from registry.formats.xades_names import ds
from registry.services import judging
from tests import hostile_xml
from tests.small_city import NOW, PRIMARY, SECONDARY, small_city

_CITY = small_city()
_INDEX = certificates.TrustIndex.build(_CITY.trust_list)
_CASES = hostile_xml.cases(_CITY)


def judged(raw: bytes) -> Verdict:
    return judging.judge(raw, judging.XML, _INDEX, judging.Moment(NOW, NOW), schools=None)


@pytest.mark.parametrize("school", [PRIMARY, SECONDARY], ids=["primary", "secondary"])
def test_good_document_is_accepted_and_says_what_the_json_says(school: object) -> None:
    assert school in (PRIMARY, SECONDARY)
    chosen = PRIMARY if school is PRIMARY else SECONDARY
    document = _CITY.document(chosen)
    verdict = judged(sign_document(document, _CITY.signers_of(chosen), "xml"))
    assert (verdict.outcome, verdict.findings) == (Outcome.ACCEPTED, ())
    assert verdict.transcript == documents.parse(transcripts.to_bytes(document)).transcript
    assert [facts.claimed_roles for facts in verdict.signatures] == [("teacher",), ("principal",), ("seal",)]


def test_there_are_enough_hostile_documents_with_names_of_their_own() -> None:
    assert len({case.name for case in _CASES}) == len(_CASES) >= 150


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_hostile_document_gets_its_code_and_pointer(case: hostile_xml.Case) -> None:
    verdict = judged(case.raw)
    assert verdict.outcome is Outcome.REFUSED
    found = {(finding.code.slug, finding.pointer) for finding in verdict.findings}
    if case.pointer is None:
        assert case.code in {slug for slug, _ in found}
    else:
        assert (case.code, case.pointer) in found


def test_no_hostile_document_takes_half_a_second() -> None:
    slowest = 0.0
    for case in _CASES:
        started = time.process_time()
        judged(case.raw)
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 0.5


def test_findings_never_repeat_what_was_sent() -> None:
    secret = "bimatkhongduoclo"
    root = etree.fromstring(sign_document(_CITY.document(), _CITY.signers_of(PRIMARY), "xml"))
    for element in root.iter():
        element.set(f"x{secret[:0]}", secret)
        if not len(element):
            element.text = secret
    for raw in (etree.tostring(root), f"<{secret}x079012345678>{secret}".encode(), f"<a>&{secret};</a>".encode()):
        assert secret not in repr([(f.pointer, f.detail) for f in judged(raw).findings if f.pointer or f.detail])


def test_a_second_library_verifies_each_signature() -> None:
    root = etree.fromstring(sign_document(_CITY.document(), _CITY.signers_of(PRIMARY), "xml"))
    xmlsec.tree.add_ids(root, ["Id"])
    for signature, signer in zip(root.iter(ds("Signature")), _CITY.signers_of(PRIMARY), strict=True):
        context = xmlsec.SignatureContext()
        der = signer.signing_key.certificates[0]
        context.key = xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatCertDer)
        context.verify(signature)  # raises when it does not hold


def test_the_second_library_refuses_what_was_changed() -> None:
    root = etree.fromstring(sign_document(_CITY.document(), _CITY.signers_of(PRIMARY), "xml"))
    next(root.iter(f"{{{xml_transcript.NAMESPACE}}}hovaten")).text = "Kẻ Giả Mạo"
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    der = _CITY.signers_of(PRIMARY)[0].signing_key.certificates[0]
    context.key = xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatCertDer)
    with pytest.raises(xmlsec.Error):
        context.verify(next(root.iter(ds("Signature"))))


def test_white_space_and_line_breaks_of_other_writers_are_no_trouble() -> None:
    raw = sign_document(_CITY.document(), _CITY.signers_of(PRIMARY), "xml")
    root = etree.fromstring(raw)
    for certificate in root.iter(ds("X509Certificate")):
        certificate.text = "\n".join(
            (certificate.text or "")[i : i + 64] for i in range(0, len(certificate.text or ""), 64)
        )
    assert judged(etree.tostring(root)).outcome is Outcome.ACCEPTED


def test_an_offset_in_the_signing_time_is_understood() -> None:
    forger = hostile_xml.Forger(_CITY)

    def in_saigon(root: etree._Element) -> None:
        for element in root.iter("{http://uri.etsi.org/01903/v1.3.2#}SigningTime"):
            hour = int((element.text or "")[11:13])
            element.text = (element.text or "").replace(f"T{hour:02}", f"T{hour + 7:02}").replace("Z", ".250+07:00")

    verdict = judged(forger.signed_over(in_saigon))
    assert verdict.outcome is Outcome.ACCEPTED
    plain = judged(forger.good)
    assert [s.signed_at for s in verdict.signatures] == [s.signed_at for s in plain.signatures]


def test_counter_signatures_are_reported_and_not_relied_upon() -> None:
    forger = hostile_xml.Forger(_CITY)

    def beside(root: etree._Element) -> None:
        names = "{http://uri.etsi.org/01903/v1.3.2#}"
        holder = etree.SubElement(root[1][0][3][0], f"{names}UnsignedProperties")
        etree.SubElement(etree.SubElement(holder, f"{names}UnsignedSignatureProperties"), f"{names}CounterSignature")

    verdict = judged(forger.spoilt(beside))
    assert verdict.outcome is Outcome.ACCEPTED
    assert [(f.code.slug, f.pointer) for f in verdict.findings] == [
        ("signature-counter", "/signatures/0/UnsignedProperties/0")
    ]


def test_signing_refuses_what_is_not_a_record() -> None:
    with pytest.raises(ValueError, match="xml-construct"):
        xades_signing.wrap(b"<!DOCTYPE x><x/>")
    with pytest.raises(ValueError, match="level"):
        xml_transcript.write({"hovaten": "x"})


def test_opening_never_raises_on_cut_and_flipped_bytes() -> None:
    good = sign_document(_CITY.document(), _CITY.signers_of(PRIMARY), "xml")
    algorithms = _CITY.trust_list.policy.algorithms
    for position in range(0, len(good), 97):
        xades.open_envelope(good[:position], algorithms=algorithms)
        flipped = good[:position] + bytes([good[position] ^ 0x11]) + good[position + 1 :]
        assert judged(flipped).outcome is not Outcome.ACCEPTED or _harmless(good, flipped)


def _harmless(good: bytes, flipped: bytes) -> bool:
    """What lies outside of every signature: the XML declaration, and white space that no signature covers."""
    before, after = etree.fromstring(good), etree.fromstring(flipped)
    return [judged(etree.tostring(root)).transcript for root in (before, after)] == [judged(good).transcript] * 2


def test_received_before_the_certificates_ended() -> None:
    late = NOW + timedelta(days=4000)
    raw = sign_document(_CITY.document(), _CITY.signers_of(PRIMARY), "xml")
    verdict = judging.judge(raw, judging.XML, _INDEX, judging.Moment(late, late), schools=None)
    assert verdict.outcome is Outcome.HELD
