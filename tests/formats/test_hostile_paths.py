"""Certificates made to cost time, all with good signatures up to a trusted root: a careless or captured CA below it.

Each is judged within the limit, at every depth the builder allows, and by itself proves nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from registry.demo import pki
from registry.formats import names, paths, points, revocation
from registry.formats import ocsp as answers
from registry.formats.certificates import Certificate
from tests.formats import made

#: The limit of the project for any hostile certificates, in CPU seconds.
LIMIT = 0.05

_Made = tuple[Certificate, list[bytes]]
ROOT = made.ca(None, "Gốc", number=30)


def _chain(alter: pki.Alter | None, alter_leaf: pki.Alter | None = None, depth: int = 5) -> _Made:
    above = ROOT
    along = []
    for level in range(1, depth + 1):
        above = made.ca(above, f"CA {level}", number=30 + level, pathlen=None, alter=alter)
        along.append(above.der)
    return made.leaf(above, alter_leaf), along


def _oid(number: int) -> x509.ObjectIdentifier:
    return x509.ObjectIdentifier(f"1.2.3.{number}")


def _policies(count: int) -> pki.Alter:
    def alter(plan: pki.Plan) -> None:
        plan.put(x509.CertificatePolicies([x509.PolicyInformation(_oid(n), None) for n in range(count)]))

    return alter


def mapped(count: int, pairs: Callable[[int], list[tuple[int, int]]]) -> pki.Alter:
    """So many policies, and mappings between them."""

    def alter(plan: pki.Plan) -> None:
        _policies(count)(plan)
        mappings = [x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), _mappings(pairs(count)))]
        plan.put(mappings[0], True)

    return alter


def _mappings(pairs: Sequence[tuple[int, int]]) -> bytes:
    """DER of policyMappings, which the builder of certificates does not write."""
    return bytes(
        asn1_x509.PolicyMappings(
            [{"issuer_domain_policy": f"1.2.3.{a}", "subject_domain_policy": f"1.2.3.{b}"} for a, b in pairs]
        ).dump()
    )


def _many_policies() -> _Made:
    return _chain(_policies(1500), _policies(1500))


def _multiplying_mappings() -> _Made:
    return _chain(mapped(24, lambda n: [(a, b) for a in range(n) for b in range(n)]), _policies(24))


def _rotating_mappings() -> _Made:
    return _chain(mapped(500, lambda n: [(a, (a + 1) % n) for a in range(n)]), _policies(500))


def _subtrees(count: int) -> pki.Alter:
    def alter(plan: pki.Plan) -> None:
        trees = [x509.DNSName(f"a{n}.example") for n in range(count)]
        plan.put(x509.NameConstraints(trees, [x509.DNSName(f"b{n}.example") for n in range(count)]), True)

    return alter


def _alternatives(count: int, kind: Callable[[int], x509.GeneralName]) -> pki.Alter:
    return lambda plan: plan.put(x509.SubjectAlternativeName([kind(n) for n in range(count)]))


def _many_name_constraints() -> _Made:
    return _chain(_subtrees(400), _alternatives(900, lambda n: x509.DNSName(f"a{n % 400}.example")))


def _directory(number: int) -> x509.DirectoryName:
    return x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tên {number}")]))


def _directory_constraints() -> _Made:
    def alter(plan: pki.Plan) -> None:
        plan.put(x509.NameConstraints(None, [_directory(n) for n in range(400)]), True)

    return _chain(alter, _alternatives(400, lambda n: _directory(n + 1000)))


def _mail_constraints() -> _Made:
    def alter(plan: pki.Plan) -> None:
        plan.put(x509.NameConstraints(None, [x509.RFC822Name(f"a{n}@example.com") for n in range(600)]), True)

    return _chain(alter, _alternatives(600, lambda n: x509.RFC822Name(f"b{n}@example.com")))


def _constrained(*kinds: x509.GeneralName) -> _Made:
    """Few names, so few comparisons: long ones, or such as take long to prepare."""

    def alter(plan: pki.Plan) -> None:
        plan.put(x509.NameConstraints(None, list(kinds)), True)

    return _chain(alter, lambda plan: plan.put(x509.SubjectAlternativeName(list(kinds))))


def _titled(text: str) -> x509.Name:
    """A name in an attribute without a limit of its own."""
    return x509.Name([x509.NameAttribute(NameOID.STREET_ADDRESS, text)])


def _subjects(text: str) -> _Made:
    """A chain of CAs with such a name."""
    above, along = ROOT, []
    for level in range(5):
        subject = x509.Name([*_titled(text), x509.NameAttribute(NameOID.COMMON_NAME, f"CA {level}")])
        key = made.key("p256", 30 + level)
        above = above.make_intermediate(subject, made.START, made.END, key=key, pathlen=None)
        along.append(above.der)
    return made.leaf(above), along


#: One character that NFKC makes eighteen of.
_EIGHTEEN = "\ufdfa"


def _as_many_policies_as_allowed() -> _Made:
    """Every policy mapped to another one, at every level; the graph is bounded, so it is refused within the validation."""
    return _chain(mapped(64, lambda n: [(a, b) for a in range(8) for b in range(8)]), _policies(64))


def _as_many_names_as_allowed() -> _Made:
    def alter(plan: pki.Plan) -> None:
        plan.put(x509.NameConstraints(None, [_directory(n) for n in range(8)]), True)

    return _chain(alter, _alternatives(6, lambda n: _directory(n + 1000)))


def _web(more: pki.Alter | None = None) -> _Made:
    """Three layers of three CAs, every one certified by each of the layer above: 27 good chains, all of them long."""
    above: list[list[pki.Authority]] = [[ROOT]]
    along: list[bytes] = []
    for layer in range(3):
        keys = [made.key("p256", 40 + layer)]
        row = [
            parent.make_intermediate(
                pki.name(f"Lưới {layer}"), made.START, made.END, key=keys[0], pathlen=None,
                alter=lambda plan, n=n: _unhinted(plan, n, more),  # type: ignore[misc]
            )
            for n, parent in enumerate([p for p in above[-1] for _ in range(3 if len(above[-1]) == 1 else 1)])
        ]  # fmt: skip
        above.append(row)
        along += [a.der for a in row]
    return made.leaf(above[-1][0], lambda plan: plan.without(x509.AuthorityKeyIdentifier)), along


def _unhinted(plan: pki.Plan, number: int, more: pki.Alter | None) -> None:
    if more is not None:
        more(plan)
    plan.put(x509.SubjectKeyIdentifier(bytes([number])))
    plan.without(x509.AuthorityKeyIdentifier)


def _slow_rsa() -> _Made:
    """The largest modulus and exponent allowed, in every CA: keys that only verify, so their signatures fail."""
    above = ROOT
    along = []
    for level in range(5):
        number = rsa.RSAPublicNumbers((1 << 32) - 1, (1 << 8191) | (1 << level + 9) | 1).public_key()
        middle = above.make_intermediate(
            pki.name("RSA"), made.START, made.END, key=made.key("p256", 50), pathlen=None,
            alter=lambda plan, key=number: setattr(plan, "public_key", key),  # type: ignore[misc]
        )  # fmt: skip
        along.append(middle.der)
        above = pki.Authority(middle.certificate, made.key("rsa2048", 50), "x")
    key = made.key("rsa2048", 50)
    liar = made.ca(None, "RSA", number=0, key=key)
    return made.leaf(liar, lambda plan: plan.without(x509.AuthorityKeyIdentifier)), along


def _huge_exponent() -> _Made:
    number = rsa.RSAPublicNumbers((1 << 2040) + 1, (1 << 2047) | 0xFFF1).public_key()
    return _chain(lambda plan: setattr(plan, "public_key", number), depth=1)


def _swollen(plan: pki.Plan) -> None:
    """As large as may be, with extensions nobody knows."""
    for n in range(60):
        oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.99999.{n + 5}")
        plan.put(x509.UnrecognizedExtension(oid, b"\x04\x81\xc8" + bytes(200)))


def _big_unknown() -> _Made:
    return _chain(_swollen, _swollen)


HOSTILE: dict[str, tuple[Callable[[], _Made], set[str]]] = {
    "many policies": (_many_policies, {"certificate-profile"}),
    "multiplying mappings": (_multiplying_mappings, {"certificate-profile"}),
    "rotating mappings": (_rotating_mappings, {"certificate-profile"}),
    "many name constraints": (_many_name_constraints, {"certificate-path"}),
    "constraints of directory names": (_directory_constraints, {"certificate-path"}),
    "constraints of mail addresses": (_mail_constraints, {"certificate-path"}),
    "subjects of long names": (lambda: _subjects("b" * 1950), {"certificate-profile"}),
    "subjects that stand for many": (lambda: _subjects(_EIGHTEEN * 300), {"certificate-profile"}),
    "subjects up to the limit": (lambda: _subjects("b" * 980), set()),
    "long names in constraints": (
        lambda: _constrained(x509.DirectoryName(_titled("b" * 12_000))),
        {"certificate-path"},
    ),
    "names in constraints that stand for many": (
        lambda: _constrained(x509.DirectoryName(_titled(_EIGHTEEN * 110))),
        {"certificate-path"},
    ),
    "punycode in constraints": (lambda: _constrained(x509.DNSName("xn--" + "a" * 12_000)), {"certificate-path"}),
    "policies up to the limit": (_as_many_policies_as_allowed, {"certificate-path"}),
    "names up to the limit": (_as_many_names_as_allowed, set()),
    "web": (_web, set()),
    "web of big ones": (lambda: _web(_swollen), set()),
    "slow RSA": (_slow_rsa, {"certificate-path"}),
    "huge exponent": (_huge_exponent, {"certificate-profile"}),
    "big and unknown": (_big_unknown, set()),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_certificates_are_judged_in_time(kind: str) -> None:
    build, expected = HOSTILE[kind]
    leaf, along = build()
    codes: set[str] = set()

    def search() -> None:
        names.comparable.cache_clear()
        path, findings = paths.find_path(leaf, along, made.index([ROOT]), "")
        codes.update(made.slugs(findings))
        assert (path is None) == bool(findings)

    assert made.best_seconds(search) < LIMIT
    assert codes == expected


def _revocation_seconds(leaf: Certificate, stapled: Iterator[list[bytes]]) -> float:
    """Asked each time with answers that were never read before."""
    index = made.index([ROOT])
    path, findings = paths.find_path(leaf, [], index, "")
    assert path is not None, findings
    every = [next(stapled) for _ in range(3)]

    def ask() -> None:
        for memory in (names.comparable, points.points_of, points.list_issuers):
            memory.cache_clear()
        found, _ = revocation.revocation_findings(path, index, made.NOW, made.NOW, made.NOW, "", every.pop())
        assert made.slugs(found) == ["revocation-unknown"]

    return made.best_seconds(ask)


def test_points_without_number() -> None:
    """Distribution points full of names that are slow to compare: the path is good, the status stays unknown."""
    many = [x509.DistributionPoint(None, None, None, [_directory(10 * k + n) for n in range(10)]) for k in range(30)]
    leaf = made.leaf(ROOT, lambda plan: plan.put(x509.CRLDistributionPoints(many)))
    assert len(leaf.der) > 7_000
    assert _revocation_seconds(leaf, repeat([])) < LIMIT


def test_stapled_answers_as_large_as_allowed() -> None:
    big = made.leaf(ROOT, _swollen).parsed

    def answer() -> bytes:
        builder = ocsp.OCSPResponseBuilder().add_response(
            made.leaf(ROOT).parsed,
            ROOT.certificate,
            hashes.SHA1(),
            ocsp.OCSPCertStatus.GOOD,
            made.NOW,
            None,
            None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, ROOT.certificate).certificates([big] * 4)
        der = builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)
        assert answers.MAX_SIZE * 0.8 < len(der) <= answers.MAX_SIZE
        return der

    assert _revocation_seconds(made.leaf(ROOT), ([answer() for _ in range(8)] for _ in range(3))) < LIMIT
