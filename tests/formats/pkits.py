"""The NIST Public Key Interoperability Test Suite: its 224 tests (247 with the settings each is run under) as values.

Data: the package `cryptography_vectors` (x509/PKITS_data). Expected results and policy settings, in `pkits_cases.csv`:
NIST, "PKITS Certification Path Validation", version 1.0.1 of 2011-04-14, sections 4.1 to 4.16. Both are works of the
United States government and in the public domain; the table was written for this project, one row for each setting.
"""

from __future__ import annotations

import csv
import email
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cryptography_vectors
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509

from registry.services import path_check

DATA = Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
#: Within the validity of what is meant to be valid (2010 to 2030).
AT = datetime(2024, 5, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    number: str
    leaf: str
    settings: path_check.PolicySettings
    valid: bool

    @property
    def der(self) -> bytes:
        return (DATA / "certs" / f"{self.leaf}EE.crt").read_bytes()


def cases() -> list[Case]:
    with (Path(__file__).parent / "pkits_cases.csv").open(encoding="ascii", newline="") as file:
        return [_case(row) for row in csv.DictReader(file)]


def _case(row: dict[str, str]) -> Case:
    settings = path_check.PolicySettings(
        frozenset(row["initial_policies"].split()) or path_check.PolicySettings().policies,
        explicit=row["flag"] == "explicit",
        inhibit_mapping=row["flag"] == "inhibit_mapping",
        inhibit_any=row["flag"] == "inhibit_any",
    )
    return Case(row["number"], row["leaf"], settings, row["expected"] == "valid")


def anchor() -> bytes:
    return (DATA / "certs" / "TrustAnchorRootCertificate.crt").read_bytes()


@cache
def lists() -> tuple[bytes, ...]:
    return tuple(file.read_bytes() for file in sorted((DATA / "crls").glob("*.crl")))


@cache
def authorities() -> tuple[bytes, ...]:
    """Every certificate that is not a leaf, the anchor aside: CAs and signers of lists, good and bad."""
    files = [f for f in sorted((DATA / "certs").glob("*.crt")) if not re.search(r"EE\.crt$|TrustAnchorRoot", f.name)]
    return tuple(file.read_bytes() for file in files)


@cache
def chains() -> dict[bytes, tuple[bytes, ...]]:
    """Leaf -> the certificates that came along in the suite's signed message about it."""
    found: dict[bytes, tuple[bytes, ...]] = {}
    leaves = {_id(case.der): case.der for case in cases()}
    for file in sorted((DATA / "smime").glob("*.eml")):
        parts = email.message_from_bytes(file.read_bytes()).walk()
        signed = next(p for p in parts if "pkcs7-signature" in p.get_content_type()).get_payload(decode=True)
        data = cms.ContentInfo.load(signed)["content"]
        sid = data["signer_infos"][0]["sid"].chosen
        leaf = leaves[sid["issuer"].dump(), sid["serial_number"].native]
        found[leaf] = tuple(der for c in data["certificates"] if (der := c.chosen.dump()) != leaf)
    return found


def _id(der: bytes) -> tuple[bytes, int]:
    read = asn1_x509.Certificate.load(der)
    return read.issuer.dump(), read.serial_number


def unordered(ders: Sequence[bytes]) -> list[bytes]:
    """In an order that has nothing to do with the path."""
    return sorted(ders, key=lambda der: der[::-1])
