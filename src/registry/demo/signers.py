"""Keys and certificates of the synthetic city: a seal and a principal for each school, a teacher for each class."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.core.trust import Ownership, Role
from registry.demo import pki, transcripts
from registry.demo.schools import DemoSchool
from registry.formats import jws_signing

CERTIFICATES_FROM = datetime(2023, 8, 1, tzinfo=UTC)
CERTIFICATES_TO = datetime(2033, 8, 1, tzinfo=UTC)
#: When the revoked teacher's certificate was revoked: before anybody signs a transcript of the demo.
REVOKED_AT = datetime(2024, 3, 1, tzinfo=UTC)
_LISTS_GOOD_FOR = timedelta(days=7)


@dataclass(frozen=True)
class DemoSigner:
    """One registered signer with the private key only a demo would hold."""

    role: Role
    school_code: str
    certificate: x509.Certificate
    issuer: pki.Authority
    key: pki.PrivateKey

    @cached_property
    def signing_key(self) -> jws_signing.SigningKey:
        """The key as the client signs with it: certificate and issuing CA travel along."""
        return jws_signing.SigningKey.from_private_key(
            self.key, (self.certificate.public_bytes(Encoding.DER), self.issuer.der)
        )


@dataclass
class DemoTrust:
    """Both hierarchies and everybody's certificates."""

    government: pki.Government
    public: pki.Public
    late: pki.Authority  # a licensed CA that has not published its first revocation list yet
    seals: dict[str, DemoSigner] = field(default_factory=dict)
    principals: dict[str, DemoSigner] = field(default_factory=dict)
    teachers: dict[tuple[str, str], DemoSigner] = field(default_factory=dict)

    @property
    def authorities(self) -> tuple[pki.Authority, ...]:
        """Every CA with a revocation list, roots included."""
        return (self.government.root, self.government.agencies, self.public.root, *self.public.licensed)

    def everybody(self) -> Iterable[DemoSigner]:
        """Every signer."""
        yield from self.seals.values()
        yield from self.principals.values()
        yield from self.teachers.values()

    def files(self, now: datetime) -> dict[str, bytes]:
        """The trust folder as `registry trust import` takes it, with lists of this hour, the late CA's not among them."""
        files = {
            "anchors/government/root.pem": _pem(self.government.root.certificate),
            "anchors/public/root.pem": _pem(self.public.root.certificate),
            "intermediates/agencies.pem": _pem(self.government.agencies.certificate),
        }
        for authority in (*self.public.licensed, self.late):
            files[f"intermediates/{authority.slug}.pem"] = _pem(authority.certificate)
        for authority in self.authorities:
            files[f"crls/{authority.slug}.crl"] = revocation_list(authority, now)
        files |= {f"signers/{name}.pem": _pem(signer.certificate) for name, signer in _named(self.everybody()).items()}
        files["signers.csv"] = _signers_csv(_named(self.everybody())).encode()
        return files


def revocation_list(authority: pki.Authority, now: datetime) -> bytes:
    """A CA's list of this hour (DER)."""
    return authority.crl(now - timedelta(hours=1), now + _LISTS_GOOD_FOR)


def make_trust(schools: Sequence[DemoSchool], *, flawless: bool = False) -> DemoTrust:
    """Certificates for every school: seal and principal RSA, teachers P-256 and Ed25519 in turn (as remote signing does).

    Public schools: seal and principal under the government hierarchy, teachers under the public one; others: public.
    One teacher is revoked and one has a certificate of the late CA, unless `flawless`.
    """
    before, after = CERTIFICATES_FROM - timedelta(days=365), CERTIFICATES_TO + timedelta(days=365)
    public = pki.make_public(before, after)
    late = public.root.make_intermediate(
        pki.name("CA công cộng Mới Mở (THỬ NGHIỆM)", "Công ty Mới Mở (THỬ NGHIỆM)"), before, after, slug="moimo"
    )
    trust = DemoTrust(pki.make_government(before, after), public, late)
    late_class = None if flawless else class_without_list(schools)
    for position, school in enumerate(schools):
        _equip(trust, school, public.licensed[position % 2], late_class)
    if flawless:
        return trust
    school, class_name = class_of_revoked_teacher(schools)
    revoked = trust.teachers[school.code, class_name]
    revoked.issuer.revoke(revoked.certificate.serial_number, REVOKED_AT, x509.ReasonFlags.cessation_of_operation)
    return trust


def class_without_list(schools: Sequence[DemoSchool]) -> tuple[DemoSchool, str]:
    """The class whose teacher has a certificate of the late CA."""
    return schools[10], schools[10].classes[2]


def class_of_revoked_teacher(schools: Sequence[DemoSchool]) -> tuple[DemoSchool, str]:
    """The class whose teacher's certificate was revoked before the transcripts were signed."""
    return schools[2], schools[2].classes[1]


def _equip(
    trust: DemoTrust, school: DemoSchool, licensed: pki.Authority, late_class: tuple[DemoSchool, str] | None
) -> None:
    """Seal, principal and one teacher for each class of a school.

    Certificates of public CAs name their holders by number, a person in an organisation by two; whether the government's do
    nobody outside knows, so these name none.
    """
    official = trust.government.agencies if school.ownership is Ownership.PUBLIC else licensed
    principal = transcripts.school(Random(school.code), code=school.code, name=school.name).principal_number
    firm = (f"MST:99{school.code}",) if official is licensed else ()  # no province begins tax codes with 99
    head = (*firm, f"CCCD:{principal}") if official is licensed else ()
    trust.seals[school.code] = _signer(Role.SEAL, school, official, "rsa2048", f"Con dấu {school.name}", firm)
    trust.principals[school.code] = _signer(
        Role.PRINCIPAL, school, official, "rsa2048", f"Hiệu trưởng {school.name}", head
    )
    for turn, class_name in enumerate(school.classes):
        issuer = trust.late if (school, class_name) == late_class else licensed
        kind: pki.KeyKind = "ed25519" if turn % 4 == 3 else "p256"
        title = f"Giáo viên {class_name} {school.name}"
        _, number = transcripts.homeroom_teacher(school.code, class_name)
        trust.teachers[school.code, class_name] = _signer(
            Role.TEACHER, school, issuer, kind, title, (f"CCCD:{number}",)
        )


def _signer(
    role: Role, school: DemoSchool, issuer: pki.Authority, kind: pki.KeyKind, title: str, uids: Sequence[str]
) -> DemoSigner:
    key = pki.new_key(kind)
    subject = pki.name(_fitted(title), _fitted(school.name), uids)
    certificate = issuer.issue_leaf(subject, key.public_key(), CERTIFICATES_FROM, CERTIFICATES_TO)
    return DemoSigner(role, school.code, certificate, issuer, key)


def _fitted(text: str) -> str:
    """At most 64 octets of UTF-8, as far as an attribute of a name goes."""
    return text.encode()[:64].decode(errors="ignore")


def _named(signers: Iterable[DemoSigner]) -> dict[str, DemoSigner]:
    """File names without persons in them: school, role, running number."""
    return {f"{s.school_code}-{s.role.value}-{number}": s for number, s in enumerate(signers)}


def _signers_csv(signers: Mapping[str, DemoSigner]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("certificate", "school_code", "role", "valid_from", "valid_to"))
    for name, signer in signers.items():
        writer.writerow((f"signers/{name}.pem", signer.school_code, signer.role.value, "2023-08-01", ""))
    return text.getvalue()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
