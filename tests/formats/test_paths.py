"""Path building and RFC 5280 validation: good paths, each way to have none, and certificates made to cost time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.core import trust
from registry.demo import pki
from registry.formats import names, paths
from registry.formats.certificates import Certificate, TrustIndex
from tests.formats import made

POINTER = "/signatures/1"
#: The limit of the project for any hostile certificates, in CPU seconds.
LIMIT = 0.05


def _found(leaf: Certificate, candidates: Sequence[bytes], index: TrustIndex) -> list[str]:
    """The codes of a search; a path is there exactly when there are none."""
    path, findings = paths.find_path(leaf, candidates, index, POINTER)
    assert (path is None) == bool(findings)
    assert all(finding.pointer == POINTER for finding in findings)
    return sorted(set(made.slugs(findings)))


def test_path_in_each_hierarchy() -> None:
    government, public = made.government(), made.public()
    anchors = (
        trust.Anchor(made.read(government.root.der).fingerprint, government.root.der, trust.Hierarchy.GOVERNMENT),
        trust.Anchor(made.read(public.root.der).fingerprint, public.root.der, trust.Hierarchy.PUBLIC),
    )
    intermediates = (government.agencies.der, public.licensed[0].der)
    index = TrustIndex.build(trust.TrustList(1, anchors, intermediates, (), {}, {}))
    for issuer, root, hierarchy in (
        (government.agencies, government.root, trust.Hierarchy.GOVERNMENT),
        (public.licensed[0], public.root, trust.Hierarchy.PUBLIC),
    ):
        leaf = made.leaf(issuer, valid_from=made.START + made.DAY, valid_to=made.END - made.DAY)
        path, findings = paths.find_path(leaf, [], index, POINTER)
        assert findings == []
        assert path is not None
        assert path.hierarchy is hierarchy
        assert path.fingerprints == tuple(made.read(d).fingerprint for d in (leaf.der, issuer.der, root.der))
        assert (path.valid_from, path.valid_to) == (made.START + made.DAY, made.END - made.DAY)


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "ed25519"])
def test_path_with_each_kind_of_key(kind: pki.KeyKind) -> None:
    root = made.ca(None, "Gốc", number=0, key=made.key(kind))
    middle = made.ca(root, "CA", number=0, key=made.key(kind, 1))
    assert _found(made.leaf(middle, public_key=made.key(kind, 2).public_key()), [middle.der], made.index([root])) == []


def test_intermediate_from_the_envelope_from_the_store_or_from_both() -> None:
    chain = made.government()
    leaf = made.leaf(chain.agencies)
    assert _found(leaf, [chain.agencies.der], made.index([chain.root])) == []
    assert _found(leaf, [], made.index([chain.root], [chain.agencies])) == []
    assert _found(leaf, [chain.agencies.der, chain.root.der], made.index([chain.root], [chain.agencies])) == []
    assert _found(leaf, [], made.index([chain.root])) == ["certificate-path"]


def test_leaf_straight_under_a_root() -> None:
    root = made.government().root
    assert _found(made.leaf(root), [], made.index([root])) == []


def test_root_in_the_envelope_is_not_trusted() -> None:
    stranger = made.ca(None, "RootCA chuyên dùng Chính phủ (THỬ NGHIỆM)", number=11)
    middle = made.ca(stranger, "CA", number=12)
    index = made.index([made.government().root])
    assert _found(made.leaf(middle), [middle.der, stranger.der], index) == ["certificate-path"]


def test_root_of_the_same_name_is_not_the_root() -> None:
    real = made.government().root
    forged = pki.Authority.make_root(real.subject, made.START, made.END, key=made.key("p256", 13))
    assert _found(made.leaf(forged), [forged.der], made.index([real])) == ["certificate-path"]

    def same_key_id(plan: pki.Plan) -> None:
        value = real.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        plan.put(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(value))

    assert _found(made.leaf(forged, same_key_id), [], made.index([real])) == ["certificate-path"]


def test_empty_trust_list_trusts_nobody() -> None:
    chain = made.government()
    assert _found(made.leaf(chain.agencies), [chain.agencies.der], made.index()) == ["certificate-path"]
    assert _found(made.leaf(chain.agencies), [], made.index([], [chain.root, chain.agencies])) == ["certificate-path"]


def test_intermediate_can_be_an_anchor() -> None:
    chain = made.government()
    assert _found(made.leaf(chain.agencies), [], made.index([chain.agencies])) == []


BROKEN: dict[str, tuple[pki.Alter, list[str]]] = {
    "no keyCertSign": (lambda plan: plan.put(pki.usage("crl_sign"), True), ["certificate-profile"]),
    "not a CA": (lambda plan: plan.put(x509.BasicConstraints(False, None), True), ["certificate-profile"]),
    "no basicConstraints": (lambda plan: plan.without(x509.BasicConstraints), ["certificate-profile"]),
    "unknown critical": (lambda plan: plan.put(made.unknown_extension(), True), ["certificate-profile"]),
    "other subtree permitted": (
        lambda plan: plan.put(x509.NameConstraints([x509.DirectoryName(_name("US"))], None), True),
        ["certificate-path"],
    ),
    "own subtree excluded": (
        lambda plan: plan.put(x509.NameConstraints(None, [x509.DirectoryName(_name("VN"))]), True),
        ["certificate-path"],
    ),
    "own subtree permitted": (
        lambda plan: plan.put(x509.NameConstraints([x509.DirectoryName(_name("VN"))], None), True),
        [],
    ),
    "explicit policy required": (
        lambda plan: plan.put(x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), True),
        ["certificate-path"],
    ),
    "signed by itself": (lambda plan: setattr(plan, "issuer", plan.subject), ["certificate-path"]),
}


def _name(country: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, country)])


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_intermediates(fault: str) -> None:
    alter, expected = BROKEN[fault]
    root = made.government().root
    middle = made.ca(root, "CA hỏng", number=14, alter=alter)
    assert _found(made.leaf(middle), [middle.der], made.index([root])) == expected
    stored = made.index([root], [middle])
    refused = _found(made.leaf(middle), [], stored)
    assert refused == (["certificate-path"] if expected else [])
    assert bool(stored.problems) == (expected == ["certificate-profile"])


def test_intermediate_signed_by_another_key() -> None:
    root = made.government().root
    impostor = pki.Authority(root.certificate, made.key("p256", 15), "x")
    middle = made.ca(impostor, "CA", number=16)
    assert _found(made.leaf(middle), [middle.der], made.index([root])) == ["certificate-path"]


def test_path_length() -> None:
    root = made.ca(None, "Gốc", number=20, pathlen=1)
    first = made.ca(root, "CA 1", number=21, pathlen=0)
    second = made.ca(first, "CA 2", number=22, pathlen=None)
    assert _found(made.leaf(first), [first.der], made.index([root])) == []
    assert _found(made.leaf(second), [first.der, second.der], made.index([root])) == ["certificate-path"]
    loose = made.ca(root, "CA 3", number=23, pathlen=None)
    third = made.ca(loose, "CA 4", number=24, pathlen=None)
    fourth = made.ca(third, "CA 5", number=25, pathlen=None)
    assert _found(made.leaf(third), [loose.der, third.der], made.index([root])) == ["certificate-path"]
    assert _found(made.leaf(fourth), [loose.der, third.der, fourth.der], made.index([root])) == ["certificate-path"]


def test_name_constraints_of_the_anchor_bind() -> None:
    root = made.ca(
        None,
        "Gốc",
        number=26,
        alter=lambda plan: plan.put(x509.NameConstraints([x509.DirectoryName(_name("US"))], None), True),
    )
    assert _found(made.leaf(root), [], made.index([root])) == ["certificate-path"]


def test_depth() -> None:
    chain = [made.ca(None, "Gốc", number=30)]
    for level in range(1, 7):
        chain.append(made.ca(chain[-1], f"CA {level}", number=30 + level, pathlen=None))
    index = made.index(chain[:1])
    assert _found(made.leaf(chain[5]), [a.der for a in chain[1:6]], index) == []
    assert _found(made.leaf(chain[6]), [a.der for a in chain[1:7]], index) == ["certificate-path"]


def test_self_issued_certificate_of_a_new_key_does_not_count_for_path_length() -> None:
    root = made.ca(None, "Gốc", number=40, pathlen=1)
    old = made.ca(root, "CA", number=41, pathlen=0)
    new = old.make_intermediate(old.subject, made.START, made.END, key=made.key("p256", 42), pathlen=0)
    assert _found(made.leaf(new), [old.der, new.der], made.index([root])) == []


def test_faults_of_the_signer_are_all_named() -> None:
    def alter(plan: pki.Plan) -> None:
        plan.put(pki.usage("key_cert_sign"), True)
        plan.put(made.unknown_extension(), True)

    chain = made.government()
    _, findings = paths.find_path(
        made.leaf(chain.agencies, alter), [], made.index([chain.root], [chain.agencies]), POINTER
    )
    assert sorted(made.slugs(findings)) == ["certificate-profile", "certificate-profile", "certificate-usage"]


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([b"rubbish"], ["certificate-malformed"]),
        ([b"rubbish"] * 11, ["certificate-size"]),
        ([bytes(2_000_000)], ["certificate-size"]),
        ([bytes(16_384)], ["certificate-malformed"]),
    ],
)
def test_candidates_that_are_no_certificates(candidates: list[bytes], expected: list[str]) -> None:
    chain = made.government()
    index = made.index([chain.root], [chain.agencies])
    assert _found(made.leaf(chain.agencies), candidates, index) == expected


# --- time ---------------------------------------------------------------------------------------------------------------


def _at(year: int, month: int = 1) -> datetime:
    return made.START.replace(year=year, month=month)


def test_interval_is_what_all_certificates_share() -> None:
    root = made.ca(None, "Gốc", number=50, valid_from=_at(2015), valid_to=_at(2028))
    middle = made.ca(root, "CA", number=51, valid_from=_at(2021), valid_to=_at(2026))
    leaf = made.leaf(middle, valid_from=_at(2020), valid_to=_at(2029))
    path, _ = paths.find_path(leaf, [middle.der], made.index([root]), POINTER)
    assert path is not None
    assert (path.valid_from, path.valid_to) == (_at(2021), _at(2026))


def test_certificates_never_valid_together() -> None:
    root = made.ca(None, "Gốc", number=50)
    middle = made.ca(root, "CA", number=51, valid_to=_at(2022))
    leaf = made.leaf(middle, valid_from=_at(2023))
    assert _found(leaf, [middle.der], made.index([root])) == ["certificate-path"]


def test_of_two_paths_the_one_that_holds_at_the_moment() -> None:
    root = made.ca(None, "Gốc", number=50)
    early = made.ca(root, "CA", number=51, valid_to=_at(2024))
    late = made.ca(root, "CA", number=51, valid_from=_at(2023))
    leaf = made.leaf(early, valid_from=_at(2022), valid_to=_at(2026))
    index = made.index([root], [early, late])
    for moment, expected in ((_at(2022, 6), early), (_at(2025), late), (None, late)):
        path, findings = paths.find_path(leaf, [], index, POINTER, at=moment)
        assert findings == []
        assert path is not None
        assert path.certificates[1].der == expected.der


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("signed", "received", "expected"),
    [
        (made.START, made.START, []),
        (made.START - SECOND, made.NOW, ["certificate-not-yet"]),
        (made.END, made.END, []),
        (made.NOW, made.END, []),
        (made.NOW, made.END + SECOND, ["certificate-expired-unproven"]),
        (made.END + SECOND, made.END + made.DAY, ["certificate-expired"]),
    ],
)
def test_times(signed: datetime, received: datetime, expected: list[str]) -> None:
    chain = made.government()
    path, _ = paths.find_path(made.leaf(chain.agencies), [], made.index([chain.root], [chain.agencies]), POINTER)
    assert path is not None
    findings = paths.time_findings(path, signed, received, POINTER)
    assert made.slugs(findings) == expected
    assert all(finding.pointer == POINTER for finding in findings)


# --- certificates made to cost time --------------------------------------------------------------------------------------


def _unhinted(number: int) -> pki.Alter:
    """Key identifiers that fit half of all the others, and do not look self-signed."""

    def alter(plan: pki.Plan) -> None:
        plan.put(x509.SubjectKeyIdentifier(bytes([number % 2])))
        plan.put(x509.AuthorityKeyIdentifier(bytes([(number + 1) % 2]), None, None))
        plan.put(x509.BasicConstraints(True, None), True)

    return alter


def _no_hint(plan: pki.Plan) -> None:
    plan.without(x509.AuthorityKeyIdentifier)


def _one_name(keys: Sequence[pki.PrivateKey], pairs: Sequence[tuple[int, int]]) -> tuple[Certificate, list[bytes]]:
    """CAs of one name; (a, b) means: key a certifies key b. Every certificate looks like the issuer of every other."""
    made_here = [made.ca(None, "Một tên", number=0, key=key) for key in keys]
    certificates = [
        made.ca(made_here[a], "Một tên", number=0, key=keys[b], alter=_unhinted(n)).der
        for n, (a, b) in enumerate(pairs)
    ]
    return made.leaf(made_here[0], _no_hint), certificates


def _hostile_ring() -> tuple[Certificate, list[bytes]]:
    return _one_name([made.key("p256", 60 + n) for n in range(10)], [((n + 1) % 10, n) for n in range(10)])


def _hostile_crosswise() -> tuple[Certificate, list[bytes]]:
    return _one_name(
        [made.key("p256", 60 + n) for n in range(4)], [(a, b) for b in range(4) for a in range(4) if (a - b) % 2]
    )


def _hostile_slow_keys() -> tuple[Certificate, list[bytes]]:
    keys: list[pki.PrivateKey] = [ec.generate_private_key(ec.SECP521R1()) for _ in range(10)]
    return _one_name(keys, [((n + 1) % 10, n) for n in range(10)])


def _hostile_loop() -> tuple[Certificate, list[bytes]]:
    """Two names that certify each other, five times over."""
    a, b = made.ca(None, "Vòng A", number=70), made.ca(None, "Vòng B", number=71)
    loop = []
    for _ in range(5):
        loop.append(a.make_intermediate(b.subject, made.START, made.END, key=b.key, pathlen=None).der)
        loop.append(b.make_intermediate(a.subject, made.START, made.END, key=a.key, pathlen=None).der)
    return made.leaf(a), loop


def _hostile_big() -> tuple[Certificate, list[bytes]]:
    """As large as certificates may be, full of names."""

    def swell(number: int) -> pki.Alter:
        def alter(plan: pki.Plan) -> None:
            _unhinted(number)(plan)
            plan.put(x509.SubjectAlternativeName([x509.DNSName(f"a{n}.example") for n in range(1080)]))

        return alter

    authority = made.ca(None, "To", number=72)
    big = [made.ca(authority, "To", number=80 + n, alter=swell(n)).der for n in range(10)]
    assert all(15_000 < len(der) <= 16_384 for der in big)
    return made.leaf(authority, _no_hint), big


def _hostile_names() -> tuple[Certificate, list[bytes]]:
    """Names just below and far above the limit, in characters that are slow to prepare."""

    def long(count: int) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "\u1e9b\u0323" * 10)] * count)

    root = pki.Authority.make_root(long(15), made.START, made.END, key=made.key("p256", 73))
    sizes = [*range(10, 15), *range(200, 205)]
    candidates = [
        root.make_intermediate(long(size), made.START, made.END, key=made.key("p256", size)).der for size in sizes
    ]
    return made.leaf(root), candidates


HOSTILE: dict[str, Callable[[], tuple[Certificate, list[bytes]]]] = {
    "ring of one name": _hostile_ring,
    "one name, crosswise": _hostile_crosswise,
    "loop": _hostile_loop,
    "slow keys": _hostile_slow_keys,
    "big": _hostile_big,
    "long names": _hostile_names,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_certificates_are_answered_in_time(kind: str) -> None:
    leaf, candidates = HOSTILE[kind]()
    root = made.government().root

    def search() -> None:
        names.comparable.cache_clear()
        assert _found(leaf, candidates, made.index([root])) == ["certificate-path"]

    assert made.best_seconds(search) < LIMIT


def _named_key(number: int) -> pki.Alter:
    return lambda plan: plan.put(x509.SubjectKeyIdentifier(bytes([number])))


def test_hostile_certificates_under_a_trusted_root_are_answered_in_time() -> None:
    """Even a CA that is trusted can't make the search expensive: ten cross-certificates, each leading to the root."""
    root = made.ca(None, "Một tên", number=60, alter=lambda plan: plan.put(x509.SubjectKeyIdentifier(b"root")))
    crossed = [
        root.make_intermediate(
            pki.name("Chéo"), made.START, made.END, key=made.key("p256", 60 + n % 2), pathlen=None, alter=_named_key(n)
        )
        for n in range(10)
    ]
    leaf = made.leaf(crossed[0], lambda plan: plan.without(x509.AuthorityKeyIdentifier))

    def search() -> None:
        assert _found(leaf, [a.der for a in crossed], made.index([root])) == []

    assert made.best_seconds(search) < LIMIT


def test_policy_bomb() -> None:
    """Mappings that multiply: the graph is bounded, and a refusal is quick."""
    oids = [x509.ObjectIdentifier(f"1.2.3.{n}") for n in range(60)]

    def alter(plan: pki.Plan) -> None:
        plan.put(x509.CertificatePolicies([x509.PolicyInformation(oid, None) for oid in oids]))

    chain = [made.ca(None, "Gốc", number=30)]
    for level in range(1, 6):
        chain.append(made.ca(chain[-1], f"CA {level}", number=30 + level, pathlen=None, alter=alter))
    leaf = made.leaf(chain[5], alter)

    def search() -> None:
        _found(leaf, [a.der for a in chain[1:]], made.index(chain[:1]))

    assert made.best_seconds(search) < LIMIT


# --- what is remembered --------------------------------------------------------------------------------------------------


def test_verdicts_are_remembered_with_the_pointer_of_the_question() -> None:
    chain = made.government()
    index = made.index([chain.root], [chain.agencies])
    leaf = made.leaf(chain.agencies)
    assert paths.find_path(leaf, [], index, "/a")[0] is paths.find_path(leaf, [], index, "/b")[0]
    lost = made.leaf(made.public().licensed[0])
    assert paths.find_path(lost, [], index, "/a")[1][0].pointer == "/a"
    assert paths.find_path(lost, [], index, "/b")[1][0].pointer == "/b"
    assert _found(lost, [made.public().licensed[0].der], made.index([made.public().root])) == []


def test_a_verdict_depends_on_what_was_sent_along() -> None:
    chain = made.government()
    index = made.index([chain.root])
    leaf = made.leaf(chain.agencies)
    assert _found(leaf, [], index) == ["certificate-path"]
    assert _found(leaf, [chain.agencies.der], index) == []
    assert _found(leaf, [], index) == ["certificate-path"]


_LEAF = made.leaf(made.government().agencies)
_INDEX = made.index([made.government().root])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_certificate_makes_the_search_raise_or_trust(data: st.DataObject) -> None:
    der = bytearray(made.government().agencies.der)
    before = bytes(der)
    for position in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=3)):
        der[position] = data.draw(st.integers(0, 255))
    if bytes(der) != before:
        assert _found(_LEAF, [bytes(der)], _INDEX) != []
