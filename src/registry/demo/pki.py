"""Makes certificates and revocation lists: two hierarchies shaped like the national ones, with visibly made-up names.

Used by the demo and by the tests. Dates are arguments, so that a document signed "in May" finds certificates of May.
`alter` breaks any rule of the profile on purpose. Nothing here is meant for real signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
KeyKind = Literal["rsa2048", "rsa4096", "p256", "p384", "ed25519"]

#: Reserved for documentation: nothing in a made certificate points at a machine.
_HOST = "http://pki.thu-nghiem.example"


def new_key(kind: KeyKind = "rsa2048") -> PrivateKey:
    """A fresh private key."""
    if kind in ("rsa2048", "rsa4096"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1() if kind == "p256" else ec.SECP384R1())


def name(
    common_name: str, organization: str | None = None, uids: Sequence[str] = (), unit: str | None = None
) -> x509.Name:
    """A subject as the national CAs write it: C, O, OU, CN and any number of UID values (CCCD:..., MST:...)."""
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")]
    if organization is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    if unit is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    parts.extend(x509.NameAttribute(NameOID.USER_ID, uid) for uid in uids)
    return x509.Name(parts)


@dataclass
class Plan:
    """A certificate about to be signed; `alter` functions change it freely."""

    subject: x509.Name
    issuer: x509.Name
    public_key: PublicKey
    valid_from: datetime
    valid_to: datetime
    serial: int
    extensions: list[tuple[x509.ExtensionType, bool]]
    hashed: hashes.HashAlgorithm | None

    def without(self, kind: type[x509.ExtensionType]) -> None:
        """Leave an extension out."""
        self.extensions = [pair for pair in self.extensions if not isinstance(pair[0], kind)]

    def put(self, extension: x509.ExtensionType, critical: bool = False) -> None:
        """Add an extension, or exchange the one of its class."""
        if not isinstance(extension, x509.UnrecognizedExtension):
            self.without(type(extension))
        self.extensions.append((extension, critical))

    def sign(self, key: PrivateKey) -> x509.Certificate:
        """The certificate."""
        builder = x509.CertificateBuilder(self.issuer, self.subject, self.public_key, self.serial)
        builder = builder.not_valid_before(self.valid_from).not_valid_after(self.valid_to)
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(key, self.hashed)  # type: ignore[arg-type]


Alter = Callable[[Plan], None]


def usage(*flags: str) -> x509.KeyUsage:
    """keyUsage with exactly these flags set, named as in `x509.KeyUsage`."""
    known = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{flag: flag in flags for flag in known})


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of a list."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags | None = None
    invalid_since: datetime | None = None


@dataclass
class Authority:
    """A CA: certificate, private key, and what it has revoked. `slug` names it in addresses."""

    certificate: x509.Certificate
    key: PrivateKey
    slug: str
    revocations: list[Revocation] = field(default_factory=list)
    last_number: int = 0

    @classmethod
    def make_root(
        cls, subject: x509.Name, valid_from: datetime, valid_to: datetime, *, key: PrivateKey | None = None,
        slug: str = "root", pathlen: int | None = None, alter: Alter | None = None,
    ) -> Authority:  # fmt: skip
        """A self-signed root."""
        key = key or new_key()
        plan = _authority_plan(subject, subject, key, valid_from, valid_to, pathlen)
        return cls(_signed(plan, key, alter), key, slug)

    def make_intermediate(
        self, subject: x509.Name, valid_from: datetime, valid_to: datetime, *, key: PrivateKey | None = None,
        slug: str = "ca", pathlen: int | None = 0, alter: Alter | None = None,
    ) -> Authority:  # fmt: skip
        """A CA under this one."""
        key = key or new_key()
        plan = _authority_plan(subject, self.subject, key, valid_from, valid_to, pathlen)
        self._point_at_me(plan)
        plan.hashed = _hash_for(self.key)
        return Authority(_signed(plan, self.key, alter), key, slug)

    def issue_leaf(
        self, subject: x509.Name, public_key: PublicKey, valid_from: datetime, valid_to: datetime, *,
        purposes: Sequence[x509.ObjectIdentifier] = (), alter: Alter | None = None,
    ) -> x509.Certificate:  # fmt: skip
        """A signer's certificate."""
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage("digital_signature", "content_commitment"), True),
            (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
        ]
        if purposes:
            extensions.append((x509.ExtendedKeyUsage(purposes), False))
        plan = Plan(
            subject,
            self.subject,
            public_key,
            valid_from,
            valid_to,
            x509.random_serial_number(),
            extensions,
            _hash_for(self.key),
        )
        self._point_at_me(plan)
        return _signed(plan, self.key, alter)

    @property
    def subject(self) -> x509.Name:
        """The CA's name."""
        return self.certificate.subject

    @property
    def der(self) -> bytes:
        """The CA's certificate in DER."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def revoke(
        self, serial: int, at: datetime, reason: x509.ReasonFlags | None = None, invalid_since: datetime | None = None
    ) -> None:
        """Enter a serial number into the lists made from now on."""
        self.revocations.append(Revocation(serial, at, reason, invalid_since))

    def crl(
        self, this_update: datetime, next_update: datetime, *, number: int | None = None, key: PrivateKey | None = None,
        extra: Sequence[tuple[x509.ExtensionType, bool]] = (), numbered: bool = True, hashed: hashes.HashAlgorithm | None = None,
    ) -> bytes:  # fmt: skip
        """A list in DER of everything revoked; `key` and `extra` are there to make wrong ones."""
        if number is None:
            number = self.last_number = self.last_number + 1
        signing = key or self.key
        entries = [_entry(revocation) for revocation in self.revocations]  # one by one, the builder copies all of them
        builder = x509.CertificateRevocationListBuilder(self.subject, revoked_certificates=entries).last_update(
            this_update
        )
        if next_update is not None:
            builder = builder.next_update(next_update)
        builder = builder.add_extension(_authority_key_id(self.certificate), False)
        if numbered:
            builder = builder.add_extension(x509.CRLNumber(number), False)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical)
        made = builder.sign(signing, hashed or _hash_for(signing))  # type: ignore[arg-type]
        return made.public_bytes(serialization.Encoding.DER)

    def _point_at_me(self, plan: Plan) -> None:
        """authorityKeyIdentifier, and the addresses a real certificate carries."""
        plan.put(_authority_key_id(self.certificate))
        address = x509.UniformResourceIdentifier(f"{_HOST}/{self.slug}.crl")
        plan.put(x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)]))


@dataclass(frozen=True, slots=True)
class Government:
    """Shaped like the government hierarchy: a root and the CA for state agencies, which issues to people and schools."""

    root: Authority
    agencies: Authority


@dataclass(frozen=True, slots=True)
class Public:
    """Shaped like the public hierarchy: the national root and two licensed CAs."""

    root: Authority
    licensed: tuple[Authority, Authority]


def make_government(valid_from: datetime, valid_to: datetime, kind: KeyKind = "rsa2048") -> Government:
    """The made-up government hierarchy (the real one uses RSA 4096 in both CAs)."""
    owner = "Ban Cơ yếu Chính phủ (THỬ NGHIỆM)"
    root = Authority.make_root(
        name("RootCA chuyên dùng Chính phủ (THỬ NGHIỆM)", owner), valid_from, valid_to, key=new_key(kind), slug="rootcp"
    )
    agencies = root.make_intermediate(
        name("CA phục vụ các cơ quan Nhà nước (THỬ NGHIỆM)", owner),
        valid_from,
        valid_to,
        key=new_key(kind),
        slug="cacq",
    )
    return Government(root, agencies)


def make_public(valid_from: datetime, valid_to: datetime, kind: KeyKind = "rsa2048") -> Public:
    """The made-up public hierarchy with two licensed CAs that compete."""
    root = Authority.make_root(
        name("Root CA Quốc gia (THỬ NGHIỆM)", "Trung tâm Chứng thực điện tử (THỬ NGHIỆM)"),
        valid_from, valid_to, key=new_key(kind), slug="rootqg",
    )  # fmt: skip
    licensed = [
        root.make_intermediate(name(f"{title} (THỬ NGHIỆM)", owner), valid_from, valid_to, key=new_key(kind), slug=slug)
        for title, owner, slug in (
            ("CA công cộng Sông Hồng", "Công ty Sông Hồng (THỬ NGHIỆM)", "songhong"),
            ("CA công cộng Cửu Long", "Công ty Cửu Long (THỬ NGHIỆM)", "cuulong"),
        )
    ]
    return Public(root, (licensed[0], licensed[1]))


def _authority_plan(
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    valid_from: datetime,
    valid_to: datetime,
    pathlen: int | None,
) -> Plan:
    public_key = key.public_key()
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=pathlen), True),
        (usage("key_cert_sign", "crl_sign"), True),
        (x509.SubjectKeyIdentifier.from_public_key(public_key), False),
    ]
    return Plan(
        subject, issuer, public_key, valid_from, valid_to, x509.random_serial_number(), extensions, _hash_for(key)
    )


def _signed(plan: Plan, key: PrivateKey, alter: Alter | None) -> x509.Certificate:
    if alter is not None:
        alter(plan)
    return plan.sign(key)


def _hash_for(key: PrivateKey) -> hashes.HashAlgorithm | None:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256:
        return hashes.SHA384()
    return hashes.SHA256()


def _authority_key_id(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        extension = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())  # type: ignore[arg-type]
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(extension.value)


def _entry(revocation: Revocation) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(revocation.serial).revocation_date(revocation.at)
    if revocation.reason is not None:
        builder = builder.add_extension(x509.CRLReason(revocation.reason), False)
    if revocation.invalid_since is not None:
        builder = builder.add_extension(x509.InvalidityDate(revocation.invalid_since), False)
    return builder.build()
