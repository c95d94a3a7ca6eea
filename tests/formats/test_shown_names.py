"""Names of certificates as people see them: never an identifier, whatever a CA or a signer wrote."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from registry.formats import shown_names
from tests.formats import made


def named(*pairs: tuple[x509.ObjectIdentifier, str]) -> str:
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in pairs])
    return shown_names.signer(made.leaf(made.government().agencies, lambda plan: setattr(plan, "subject", subject)))


def test_common_name_and_organisation_and_nothing_else() -> None:
    leaf = made.leaf(made.government().agencies)
    assert shown_names.signer(leaf) == "Nguyễn Thị Thử, Trường Tiểu học Thử Nghiệm"
    assert shown_names.common_name(leaf) == "Nguyễn Thị Thử"


def test_identifiers_in_the_wrong_place_are_left_out() -> None:
    assert named((NameOID.COMMON_NAME, "Thử 001203000001")) == "Thử …"
    assert named((NameOID.USER_ID, "CCCD:001203000001"), (NameOID.ORGANIZATION_NAME, "A")) == "A"
    assert named((NameOID.COMMON_NAME, "A"), (NameOID.ORGANIZATION_NAME, "A")) == "A"
    assert named((NameOID.SERIAL_NUMBER, "001203000001")) == ""


def test_a_subject_for_operators() -> None:
    leaf = made.leaf(made.government().agencies)
    assert "CCCD" in leaf.parsed.subject.rfc4514_string()
    assert shown_names.subject(leaf) == "CN=Nguyễn Thị Thử,O=Trường Tiểu học Thử Nghiệm,C=VN"
    pairs = (
        (NameOID.USER_ID, "HC:C1234567"),
        (NameOID.SERIAL_NUMBER, "12345"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Số 001203000001"),
    )
    both = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "A"), x509.NameAttribute(*pairs[0])])
    name = x509.Name([both, *(x509.RelativeDistinguishedName([x509.NameAttribute(*pair)]) for pair in pairs)])
    made_here = made.leaf(made.government().agencies, lambda plan: setattr(plan, "subject", name))
    assert shown_names.subject(made_here) == "OU=Số …,CN=A"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("teacher", "teacher"),
        ("a\nb\x1b[31mc", "a b [31mc"),
        ("001203000001", "…"),
        ("x 001 203 000 001 y", "x … y"),
        ("001.203.000.001", "…"),
        ("Lớp 1A năm 2023-2024", "Lớp 1A năm 2023-2024"),
        ("a" * 500, "a" * 200),
    ],
)
def test_texts_of_others(text: str, shown: str) -> None:
    assert shown_names.without_numbers(text) == shown
    assert shown_names.claimed_roles((text,) * 20) == (shown,) * 8
