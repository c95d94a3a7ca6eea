"""Whose certificate it is: every UID value of a subject, as certificates of many makers write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registry.core.signers import HolderKind
from registry.demo import pki
from registry.formats import holders
from registry.formats.x509 import Certificate

FROM, TO = datetime(2024, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)
CA = pki.Authority.make_root(pki.name("Gốc"), FROM, TO, key=pki.new_key("p256"))


def made(*uids: str, together: bool = False) -> Certificate:
    """A certificate whose subject has these UID values, in RDNs of their own or in one."""
    pairs = [x509.NameAttribute(NameOID.USER_ID, uid) for uid in uids]
    groups = [pairs] if together and pairs else [[pair] for pair in pairs]
    parts = [x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "Ai đó")])]
    parts += [x509.RelativeDistinguishedName(group) for group in groups]
    leaf = CA.issue_leaf(x509.Name(parts), pki.new_key("p256").public_key(), FROM, TO)
    certificate, findings = Certificate.read(leaf.public_bytes(Encoding.DER))
    assert certificate is not None, findings
    return certificate


SUBJECTS: list[tuple[tuple[str, ...], list[str]]] = [
    ((), []),
    (("CCCD:079317000001",), ["CCCD:079317000001"]),
    (("MST:0301234567", "CCCD:079317000001"), ["MST:0301234567", "CCCD:079317000001"]),
    (("cccd: 079317000001 ",), ["CCCD:079317000001"]),
    (("MST:0301234567-001",), ["MST:0301234567001"]),
    (("CMND:023456789",), ["CMND:023456789"]),
    (("HC:b1234567", "BHXH:7912345678", "PID:ABC12345", "PPID:ABC12345"),
     ["HC:B1234567", "BHXH:7912345678", "PID:ABC12345", "PPID:ABC12345"]),
    (("079317000001", "CCCD", "CCCD:", "CCCD:07931700000", "XYZ:079317000001", "CCCD:०७९३१७००००१"), []),
]  # fmt: skip


@pytest.mark.parametrize(("uids", "read"), SUBJECTS)
@pytest.mark.parametrize("together", [False, True])
def test_every_value_is_read(uids: tuple[str, ...], read: list[str], together: bool) -> None:
    certificate = made(*uids, together=together)
    assert sorted(holder.text for holder in holders.of_subject(certificate)) == sorted(read)
    assert holders.of_subject(certificate) is holders.of_subject(certificate), "read once"
    assert holders.personal_numbers(certificate) == {t.removeprefix("CCCD:") for t in read if t.startswith("CCCD:")}


def test_a_holder_does_not_show_its_number() -> None:
    holder = holders.parse("CCCD:079317000001")
    assert holder is not None
    assert "079317000001" not in repr(holder)


DECLARED = [
    ("CCCD:079317000001", ("CCCD:079317000001",), False),
    ("CCCD:079317000002", ("CCCD:079317000001",), True),
    ("CCCD:079317000002", ("CCCD:079317000001", "CCCD:079317000002"), False),
    ("CCCD:079317000002", ("MST:0301234567", "CMND:023456789"), False),
    ("CCCD:079317000002", (), False),
    ("MST:0301234567001", ("MST:0301234567-001",), False),
    ("MST:0301234567", ("MST:0301234567-001",), True),
]


@pytest.mark.parametrize(("declared", "uids", "contradicted"), DECLARED)
def test_declared_against_the_certificate(declared: str, uids: tuple[str, ...], contradicted: bool) -> None:
    holder = holders.parse(declared)
    assert holder is not None
    assert holders.contradicts(holder, holders.of_subject(made(*uids))) is contradicted


def test_the_holder_of_a_kind() -> None:
    present = holders.of_subject(made("MST:0301234567", "CMND:023456789", "CCCD:079317000001"))
    person, organisation = holders.own(present, HolderKind.PERSON), holders.own(present, HolderKind.ORGANISATION)
    assert (person and person.word, organisation and organisation.word) == ("CCCD", "MST")
    assert holders.own((), HolderKind.PERSON) is None
