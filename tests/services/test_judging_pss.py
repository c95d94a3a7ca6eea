"""A document signed with RSASSA-PSS and another salt than the digest's length is refused, in JSON and in XML; nothing raises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from registry.client import signing
from registry.core.findings import Outcome
from registry.core.trust import Algorithm
from registry.demo import transcripts
from registry.demo.city import signing_day
from registry.demo.signers import DemoSigner
from registry.formats.certificates import TrustIndex
from registry.formats.jws_signing import SigningKey
from registry.services import judging
from tests.small_city import NOW, PRIMARY, SmallCity, small_city

CITY: SmallCity = small_city()
INDEX = TrustIndex.build(CITY.trust_list)


def salted(signer: DemoSigner, salt: int) -> SigningKey:
    """The signer's key, signing with that salt where it is an RSA key."""
    key, given = signer.key, signer.signing_key
    if not isinstance(key, rsa.RSAPrivateKey):
        return given
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    return replace(given, sign=lambda octets: key.sign(octets, scheme, hashes.SHA256()))


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize(("salt", "good"), [(32, True), (0, False), (20, False), (33, False), (222, False)])
def test_the_salt_of_a_document(form: str, salt: int, good: bool) -> None:
    signers = CITY.signers_of(PRIMARY)
    rsa_keys = sum(each.signing_key.algorithm is Algorithm.PS256 for each in signers)
    assert rsa_keys
    document, keys = CITY.document(), [salted(each, salt) for each in signers]
    at = [datetime(*signing_day(document).timetuple()[:3], hour, tzinfo=UTC) for hour in (2, 3, 4)]
    sign = signing.sign_transcript if form == "json" else signing.sign_transcript_xml
    raw = sign(transcripts.to_bytes(document), keys, at)
    media_type = judging.JOSE if form == "json" else judging.XML
    verdict = judging.judge(raw, media_type, INDEX, judging.Moment(NOW, NOW), schools=None)
    assert verdict.outcome is (Outcome.ACCEPTED if good else Outcome.REFUSED)
    assert [f.code.slug for f in verdict.findings] == ([] if good else ["signature-invalid"] * rsa_keys)
