"""Signed XML: good documents by us and by others, and every hostile one with its own code and pointer, in time."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import timedelta
from random import Random

import pytest
from lxml import etree

from registry.core.findings import Outcome
from registry.core.verdict import Verdict
from registry.demo import transcripts
from registry.demo.city import sign_document
from registry.formats import certificates, documents, signatures, xades
from registry.formats.xades_names import DS, EXCLUSIVE, XADES, ds
from registry.formats.xades_names import xades as in_xades
from registry.formats.xml_walk import canonical
from registry.services import judging
from tests import hostile_xml, hostile_xml_bounds, hostile_xml_forger
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
    assert len({case.name for case in _CASES}) == len(_CASES) >= 500


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_hostile_document_gets_its_code_and_pointer(case: hostile_xml_forger.Case) -> None:
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


def test_white_space_and_line_breaks_of_other_writers_are_no_trouble() -> None:
    raw = sign_document(_CITY.document(), _CITY.signers_of(PRIMARY), "xml")
    root = etree.fromstring(raw)
    for certificate in root.iter(ds("X509Certificate")):
        certificate.text = "\n".join(
            (certificate.text or "")[i : i + 64] for i in range(0, len(certificate.text or ""), 64)
        )
    assert judged(etree.tostring(root)).outcome is Outcome.ACCEPTED


def test_an_offset_in_the_signing_time_is_understood() -> None:
    forger = hostile_xml_forger.Forger(_CITY)

    def in_saigon(root: etree._Element) -> None:
        for element in root.iter("{http://uri.etsi.org/01903/v1.3.2#}SigningTime"):
            hour = int((element.text or "")[11:13])
            element.text = (element.text or "").replace(f"T{hour:02}", f"T{hour + 7:02}").replace("Z", ".250+07:00")

    verdict = judged(forger.signed_over(in_saigon))
    assert verdict.outcome is Outcome.ACCEPTED
    plain = judged(forger.good)
    assert [s.signed_at for s in verdict.signatures] == [s.signed_at for s in plain.signatures]


def test_counter_signatures_are_reported_and_not_relied_upon() -> None:
    forger = hostile_xml_forger.Forger(_CITY)

    def beside(root: etree._Element) -> None:
        names = "{http://uri.etsi.org/01903/v1.3.2#}"
        holder = etree.SubElement(root[1][0][3][0], f"{names}UnsignedProperties")
        etree.SubElement(etree.SubElement(holder, f"{names}UnsignedSignatureProperties"), f"{names}CounterSignature")

    verdict = judged(forger.spoilt(beside))
    assert verdict.outcome is Outcome.ACCEPTED
    assert [(f.code.slug, f.pointer) for f in verdict.findings] == [
        ("signature-counter", "/signatures/0/UnsignedProperties/0")
    ]


@pytest.mark.parametrize(
    ("written", "roles"),
    [
        (("Principal",), ["teacher"]),
        (("seal", "Hiệu trưởng"), ["teacher"]),
        (("Teacher",), []),
        (("seal", "teacher"), []),
        (("Giáo viên chủ nhiệm",), []),
    ],
)
def test_a_role_that_is_written_gives_none_and_is_compared(written: tuple[str, ...], roles: list[str]) -> None:
    def claim(root: etree._Element) -> None:
        holder = next(root[1][0].iter(in_xades("ClaimedRoles")))
        holder[:] = []
        for each in written:
            etree.SubElement(holder, in_xades("ClaimedRole")).text = each

    verdict = judged(hostile_xml_forger.Forger(_CITY).signed_over(claim))
    assert verdict.outcome is Outcome.ACCEPTED
    assert [s.role for s in verdict.signatures] == ["teacher", "principal", "seal"]
    found = [(f.code.slug, f.pointer, f.detail) for f in verdict.findings]
    assert found == [("signer-role-claimed", "/signatures/0/SignerRoleV2", role) for role in roles]


def _issuer_and_serial(root: etree._Element) -> None:
    for index, signer in enumerate(_CITY.signers_of(PRIMARY)):
        named = hostile_xml_bounds.issuer_serial(signer.signing_key.certificates[0])
        cert = next(root[1][index].iter(in_xades("Cert")))
        etree.SubElement(cert, in_xades("IssuerSerialV2")).text = b64encode(named).decode()


def _place_and_format(root: etree._Element) -> None:
    signed = next(root.iter(in_xades("SignedProperties")))
    place = etree.Element(in_xades("SignatureProductionPlaceV2"))
    etree.SubElement(place, in_xades("City")).text = "Thành phố"
    signed[0].insert(2, place)
    etree.SubElement(etree.SubElement(signed, in_xades("SignedDataObjectProperties")), in_xades("DataObjectFormat"))


def _other_certificates(root: etree._Element) -> None:
    for holder in root.iter(in_xades("SigningCertificateV2")):
        holder.append(hostile_xml_forger.copy(holder[0]))


def _references_reversed(root: etree._Element) -> None:
    for info in root.iter(ds("SignedInfo")):
        for reference in info.findall(ds("Reference")):
            info.insert(2, reference)


def _no_roles(root: etree._Element) -> None:
    for inner in root.iter(in_xades("SignedSignatureProperties")):
        inner.remove(inner[2])


@pytest.mark.parametrize(
    "change", [_issuer_and_serial, _place_and_format, _other_certificates, _references_reversed, _no_roles]
)
def test_what_the_profile_leaves_free_is_accepted(change: hostile_xml_forger.Change) -> None:
    verdict = judged(hostile_xml_forger.Forger(_CITY).signed_over(change))
    assert (verdict.outcome, verdict.findings) == (Outcome.ACCEPTED, ())


def test_unused_namespaces_of_other_writers_are_no_trouble() -> None:
    raw = sign_document(_CITY.document(), _CITY.signers_of(PRIMARY), "xml")
    start = b"<SignedTranscript "
    assert (
        judged(raw.replace(start, start + b'xmlns:xsd="http://www.w3.org/2001/XMLSchema" ')).outcome is Outcome.ACCEPTED
    )


def _unsigned(tokens: list[bytes], answers: list[bytes], method: str = EXCLUSIVE) -> bytes:
    def beside(root: etree._Element) -> None:
        unsigned = etree.SubElement(root[1][1][3][0], in_xades("UnsignedProperties"))
        holder = etree.SubElement(unsigned, in_xades("UnsignedSignatureProperties"))
        for token in tokens:
            stamp = etree.SubElement(holder, in_xades("SignatureTimeStamp"))
            etree.SubElement(stamp, ds("CanonicalizationMethod"), {"Algorithm": method})
            etree.SubElement(stamp, in_xades("EncapsulatedTimeStamp")).text = b64encode(token).decode()
        values = etree.SubElement(holder, in_xades("RevocationValues"))
        held = etree.SubElement(values, in_xades("OCSPValues"))
        for answer in answers:
            etree.SubElement(held, in_xades("EncapsulatedOCSPValue")).text = b64encode(answer).decode()

    return hostile_xml_forger.Forger(_CITY).spoilt(beside)


def _opened(raw: bytes) -> signatures.Envelope:
    return xades.open_envelope(raw, algorithms=_CITY.trust_list.policy.algorithms)


def test_time_stamps_and_answers_are_handed_on_unread() -> None:
    raw = _unsigned([b"one", b"two"], [b"answer"])
    envelope = _opened(raw)
    assert envelope.findings == ()
    second = envelope.signatures[1]
    value = next(value for value in list(etree.fromstring(raw).iter(ds("SignatureValue")))[1:])
    assert [(stamp.token, stamp.imprinted) for stamp in second.stamps] == [
        (b"one", canonical(value)), (b"two", canonical(value))]  # fmt: skip
    assert [stamp.pointer for stamp in second.stamps] == [f"/signatures/1/UnsignedProperties/{n}" for n in (0, 1)]
    assert second.ocsp_answers == (b"answer",)
    assert (envelope.signatures[0].stamps, envelope.signatures[0].ocsp_answers) == ((), ())


@pytest.mark.parametrize(
    ("tokens", "answers", "place"),
    [([b"x"] * 5, [], 4), ([b"x" * 32_769], [], 0), ([b""], [], 0), ([], [b"x"] * 7, 0), ([], [b"x" * 16_385], 0), ([], [b""], 0)],
)  # fmt: skip
def test_more_beside_a_signature_than_is_looked_at(tokens: list[bytes], answers: list[bytes], place: int) -> None:
    found = [(f.code.slug, f.pointer) for f in _opened(_unsigned(tokens, answers)).findings]
    assert found == [("xml-limit", f"/signatures/1/UnsignedProperties/{place}")]


def test_a_time_stamp_over_another_canonical_form_is_only_reported() -> None:
    envelope = _opened(_unsigned([b"x"], [], "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))
    assert [(f.code.slug, f.pointer) for f in envelope.findings] == [
        ("signature-unsigned", "/signatures/1/UnsignedProperties/0")
    ]
    assert envelope.signatures[1].stamps == ()


_ODD = ["", "x", "#t", "#s1-si", "../x", "\u00a0", "0", "A" * 500, "&<>\"'", "t", "s1", "s2-sv", EXCLUSIVE, DS]
_SPACES = ["urn:x", "x", DS, XADES, "urn:hocbaso:signed:1", "urn:hocbaso:transcript:1", EXCLUSIVE]
_NAMES = ["Reference", "Object", "Manifest", "Transcript", "Signature", "ClaimedRole", "Cert", "dong", "hovaten",
          "UnsignedProperties", "SignatureTimeStamp", "CounterSignature", "RevocationValues"]  # fmt: skip


def _mutated(root: etree._Element, rng: Random) -> None:
    """One element removed, moved, copied, renamed, filled or decorated."""
    elements = list(root.iter())
    chosen, other = rng.choice(elements[1:]), rng.choice(elements)
    parent = chosen.getparent()
    assert parent is not None
    what = rng.randrange(6)
    if what == 0:
        parent.remove(chosen)
    elif what == 1 and other is not chosen and chosen not in other.iterancestors():
        other.insert(rng.randrange(len(other) + 1), chosen)
    elif what == 2:
        other.append(hostile_xml_forger.copy(chosen))
    elif what == 3:
        chosen.text, chosen.tail = rng.choice(_ODD), rng.choice(_ODD)
    elif what == 4:
        chosen.tag = f"{{{rng.choice(_SPACES)}}}{rng.choice(_NAMES)}"
    else:
        chosen.set(rng.choice(["Id", "id", "URI", "Type", "Algorithm", "Target"]), rng.choice(_ODD))


@pytest.mark.parametrize("seed", range(8))
def test_nothing_but_what_was_signed_is_ever_accepted(seed: int) -> None:
    """A hundred mutations each: no exception, and what is accepted says exactly what the signers signed."""
    rng, forger = Random(seed), hostile_xml_forger.Forger(_CITY)
    signed = judged(forger.good).transcript
    for _ in range(100):
        root = forger.tree()
        for _ in range(rng.choice([1, 1, 2, 4])):
            _mutated(root, rng)
        verdict = judged(etree.tostring(root))
        assert verdict.outcome is not Outcome.ACCEPTED or verdict.transcript == signed


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
