"""judge(): the numbered list of checks from received bytes to a verdict. Pure: no clock, no database, no network.

 1 fingerprint   2 envelope and headers   3 signatures   4 path and time   5 revocation
 6 signers, roles, policy   7 payload   8 ids and dates   9 rules of the circular   10 school and vendor in scope

The media type chooses the reader (JSON: `jws`, XML: `xades`); from there on both are judged by the same lines.

Every check that can run does run, so that all findings come back at once. Nothing but the signed payload is ever parsed
as a transcript.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from registry.core import codes, ids, rules, trust
from registry.core.findings import Effect, Finding
from registry.core.transcript import Claims, Transcript
from registry.core.verdict import Proof, RevocationUsed, SignatureFacts, Verdict
from registry.formats import (
    allowance,
    certificates,
    declarations,
    documents,
    holders,
    jws,
    paths,
    revocation,
    shown_names,
    signatures,
    time_stamps,
    withdrawals,
    xades,
    xml_bare,
    xml_schemas,
)
from registry.services import signing_persons, signing_policy

JOSE = "application/jose+json"
COMPACT = "application/jose"
XML = "application/xml"


class _Opens(Protocol):
    def __call__(self, raw: bytes, *, algorithms: frozenset[trust.Algorithm]) -> signatures.Envelope: ...


@dataclass(frozen=True, slots=True)
class _Syntax:
    """How an envelope of one media type is opened, and its payload read."""

    open_envelope: _Opens
    parse: Callable[[bytes], documents.Parsed]
    members: Callable[[bytes], object]
    payload: Callable[[bytes], bytes | None]  # of bytes that were opened and found good before


def _json_members(payload: bytes) -> object:
    return json.loads(payload, parse_float=Decimal)  # as the strict reader gives what it finds nothing wrong with


def _xml_members(payload: bytes) -> object:
    return xml_schemas.read(payload).members


def _payload(open_envelope: _Opens) -> Callable[[bytes], bytes | None]:
    return lambda raw: open_envelope(raw, algorithms=frozenset(trust.Algorithm)).payload


_SYNTAXES = {
    JOSE: _Syntax(jws.open_envelope, documents.parse, _json_members, jws.payload_of),
    COMPACT: _Syntax(jws.open_compact_envelope, documents.parse, _json_members, _payload(jws.open_compact_envelope)),
    XML: _Syntax(xades.open_envelope, documents.parse_xml, _xml_members, _payload(xades.open_envelope)),
}
MEDIA_TYPES = tuple(_SYNTAXES)
#: A bare transcript, to be tried out before it is signed; the second is told from signed XML by its root alone (`bare`).
UNSIGNED = "application/json"
UNSIGNED_XML = "application/xml; unsigned"
BARE = (UNSIGNED, UNSIGNED_XML)
#: Statements (a withdrawal, a declaration) have no published XML form.
STATEMENT_MEDIA_TYPES = (JOSE, COMPACT)


@dataclass(frozen=True, slots=True)
class Moment:
    """The times a verdict depends on: now, when the bytes were received, and how far clocks may differ."""

    now: datetime
    received_at: datetime
    skew: timedelta = timedelta(minutes=5)


@dataclass(slots=True)
class _Judged:
    """One signature while it is being judged."""

    opened: signatures.OpenedSignature
    leaf: certificates.Certificate | None = None
    path: paths.Path | None = None
    revocation: tuple[RevocationUsed, ...] = ()
    stamped: time_stamps.Proven = time_stamps.NOTHING

    @property
    def at(self) -> str:
        return f"/signatures/{self.opened.index}"


def judge(
    raw: bytes,
    media_type: str,
    index: certificates.TrustIndex,
    moment: Moment,
    *,
    schools: frozenset[str] | None,
) -> Verdict:
    """Judge received bytes against a trust list. `schools` are the vendor's, or None for no limit (a person's own check).

    Never raises on bad input. Codes: those of the areas json, envelope, header, signature, certificate, revocation, time,
    time-stamp, signer, policy, field, transcript, number, birth-date, school, scope and rule.
    """
    syntax = _SYNTAXES[media_type]  # the edge lets only known media types through
    envelope, judged, findings = _opened(raw, syntax, index, moment)
    parsed = syntax.parse(envelope.payload) if envelope.payload is not None else documents.NOTHING
    findings += _check_times(judged, moment)
    signed = [_signed(each) for each in judged]
    roles, of_signers = signing_policy.check(signed, index.trust, parsed.claims)
    findings += of_signers
    every_subject = signing_policy.wants_subject_teachers(signed, index.trust, parsed.claims)
    findings += _check_persons(signed, roles, parsed.transcript, every_subject=every_subject)
    findings += _of_content(parsed)
    findings += _check_scope(parsed.claims, index.trust, schools)
    return _verdict(raw, index, moment, judged, roles, findings, parsed.claims, parsed.transcript)


def judge_unsigned(
    raw: bytes,
    media_type: str,
    index: certificates.TrustIndex,
    moment: Moment,
    *,
    schools: frozenset[str] | None,
) -> Verdict:
    """Judge a transcript that nobody has signed yet: 7 to 10 alone, by the same lines. Nothing of this kind is ever stored.

    Never raises on bad input. Codes: those of the areas json, field, transcript, version, number, birth-date, school, scope, rule.
    """
    if media_type not in BARE:
        raise ValueError(f"{media_type} is no unsigned transcript")
    findings: list[Finding] = []
    if media_type == UNSIGNED:
        parsed = documents.parse(raw)
        findings += [*parsed.findings, *_check_content(parsed.transcript)]
    else:
        payload, found = xml_bare.payload(raw)
        parsed = documents.parse_xml(payload) if payload is not None else documents.NOTHING
        findings += [*found, *_of_content(parsed)]
    findings += _check_scope(parsed.claims, index.trust, schools)
    return _verdict(raw, index, moment, (), (), findings, parsed.claims, parsed.transcript)


def bare(raw: bytes, media_type: str) -> str:
    """The media type under which bytes are tried out: UNSIGNED_XML for a record in XML that stands alone."""
    return UNSIGNED_XML if media_type == XML and xml_bare.is_record(raw) else media_type


def payload_members(raw: bytes, media_type: str) -> Mapping[str, Any]:
    """What a document that was accepted says, by the published field names; nothing is judged again."""
    syntax = _SYNTAXES[media_type]
    payload = syntax.payload(raw)
    members = syntax.members(payload) if payload is not None else None
    if not isinstance(members, Mapping):
        raise ValueError("a document on record can't be read")
    return members


def judge_withdrawal(
    raw: bytes,
    media_type: str,
    index: certificates.TrustIndex,
    moment: Moment,
    *,
    schools: frozenset[str] | None,
) -> Verdict:
    """Judge a signed statement of withdrawal by the same checks; signed by the principal, by the seal, or by both.

    Never raises on bad input. Codes: those of `judge` without birth-date and rule. XML is not taken.
    """
    verdict, parsed = _statement(raw, media_type, index, moment, schools, withdrawals.parse, withdrawals.NOTHING)
    return replace(verdict, withdrawal=parsed.withdrawal)


def judge_declaration(
    raw: bytes,
    media_type: str,
    index: certificates.TrustIndex,
    moment: Moment,
    *,
    schools: frozenset[str] | None,
) -> Verdict:
    """Judge a signed declaration as a withdrawal is judged; what it says is compared with what is held elsewhere.

    Never raises on bad input. Codes: those of `judge_withdrawal`, declaration-contradiction.
    """
    verdict, parsed = _statement(
        raw, media_type, index, moment, schools, declarations.parse, declarations.NOTHING, declares=True
    )
    return replace(verdict, declaration=parsed.declaration)


class _Said(Protocol):
    """What every reader of a statement gives."""

    @property
    def claims(self) -> Claims: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...


_Parsed = TypeVar("_Parsed", bound=_Said)


def _statement(
    raw: bytes, media_type: str, index: certificates.TrustIndex, moment: Moment, schools: frozenset[str] | None,
    parse: Callable[[bytes], _Parsed], nothing: _Parsed, *, declares: bool = False,
) -> tuple[Verdict, _Parsed]:  # fmt: skip
    """A statement that the school signs, and what was read in it."""
    envelope, judged, findings = _opened(raw, _SYNTAXES[media_type], index, moment)
    parsed = parse(envelope.payload) if envelope.payload is not None else nothing
    findings += _check_times(judged, moment)
    signed = [_signed(each) for each in judged]
    roles, of_signers = signing_policy.check_statement(signed, index.trust, parsed.claims, declares=declares)
    findings += [*of_signers, *parsed.findings, *_check_scope(parsed.claims, index.trust, schools)]
    return _verdict(raw, index, moment, judged, roles, findings, parsed.claims), parsed


#: What judges a submission, by its kind.
JUDGES: Mapping[str, Callable[..., Verdict]] = {
    "transcript": judge,
    "withdrawal": judge_withdrawal,
    "declaration": judge_declaration,
}


def _opened(
    raw: bytes, syntax: _Syntax, index: certificates.TrustIndex, moment: Moment
) -> tuple[signatures.Envelope, list[_Judged], list[Finding]]:
    """2 to 5: the envelope, its signatures as far as they can be judged alone, and what is wrong with them."""
    envelope = syntax.open_envelope(raw, algorithms=index.trust.policy.algorithms)
    findings = list(envelope.findings)
    judged = [_Judged(opened) for opened in envelope.signatures]
    along = {der for opened in envelope.signatures for der in _along(opened)}
    if len(along) > allowance.MOST_CERTIFICATES:
        most = f"at most {allowance.MOST_CERTIFICATES} different issuer certificates in one document"
        return envelope, judged, [*findings, Finding(codes.CERTIFICATE_SIZE, "/signatures", most)]
    document = allowance.Allowance()
    for each in judged:
        findings += _check_signature(each, index)
        findings += _check_path(each, index, moment, document)
    return envelope, judged, findings


def _verdict(
    raw: bytes, index: certificates.TrustIndex, moment: Moment, judged: Sequence[_Judged],
    roles: Sequence[trust.Role | None], findings: Sequence[Finding], claims: Claims, transcript: Transcript | None = None,
) -> Verdict:  # fmt: skip
    return Verdict(
        fingerprint=ids.fingerprint(raw),
        findings=tuple(findings),
        claims=claims,
        transcript=transcript,
        signatures=tuple(_facts(each, role, moment) for each, role in zip(judged, roles, strict=True)),
        revocation_used=tuple(dict.fromkeys(used for each in judged for used in each.revocation)),
        generation=index.trust.generation,
        policy_version=index.trust.policy.version,
        rules_version=rules.version,
    )


def _check_signature(each: _Judged, index: certificates.TrustIndex) -> Iterable[Finding]:
    """3: the key fits the algorithm *before* it is used, then the signature over the whole document."""
    der = _leaf_der(each.opened, index.trust)
    if der is None:
        return [Finding(codes.SIGNER_UNREGISTERED, each.at)] if each.opened.reference is not None else []
    each.leaf, findings = index.read(der, each.opened.places.certificate)
    if each.leaf is None or each.opened.algorithm is None:
        return findings
    unfit = signatures.key_findings(each.leaf.fit, each.opened.algorithm, each.opened.places)
    if unfit:
        return [*findings, *unfit]
    if not signatures.signature_holds(each.opened, each.leaf.public_key):
        return [*findings, Finding(codes.SIGNATURE_INVALID, each.opened.places.value)]
    return findings


def _leaf_der(opened: signatures.OpenedSignature, trust_list: trust.TrustList) -> bytes | None:
    """The signing certificate: carried in x5c, or named by x5t#S256 and registered here."""
    if opened.chain:
        return opened.chain[0]
    registered = trust_list.signers.get(opened.reference) if opened.reference is not None else None
    return registered[0].der if registered else None


def _along(opened: signatures.OpenedSignature) -> tuple[bytes, ...]:
    """The certificates that came with a signature beside the signer's own."""
    return *opened.chain[1:], *opened.certificates


def _check_path(
    each: _Judged, index: certificates.TrustIndex, moment: Moment, document: allowance.Allowance
) -> Iterable[Finding]:
    """4 and 5: a path to a pinned anchor, good at signing time, and fresh revocation data at every level.

    What happened after the signature is proven to have existed does not spoil it (ETSI EN 319 102-1 5.5).
    """
    if each.leaf is None:
        return []
    signed_at = each.opened.signed_at
    each.path, findings = paths.find_path(each.leaf, _along(each.opened), index, each.at, signed_at, document=document)
    if each.path is None or signed_at is None:
        return findings
    if each.opened.stamps:
        times = time_stamps.Times(signed_at, moment.received_at, moment.now, moment.skew)
        each.stamped = time_stamps.proven(each.opened.stamps, index, times, document)
    proven_at = each.stamped.moment or moment.received_at
    timely = paths.time_findings(each.path, signed_at, proven_at, each.at)
    revoked, used = revocation.revocation_findings(
        each.path,
        index,
        signed_at,
        proven_at,
        moment.now,
        each.at,
        each.opened.ocsp_answers,
        document,
        moment.received_at,
    )
    each.revocation = (*used, *each.stamped.revocation)
    return [*findings, *each.stamped.findings, *timely, *revoked]


def _check_times(judged: Sequence[_Judged], moment: Moment) -> Iterable[Finding]:
    """4: a signing time is a claim; it may not lie ahead of receipt nor before the signature it stands on."""
    before: datetime | None = None
    for each in judged:
        signed_at = each.opened.signed_at
        if signed_at is None:
            continue
        if signed_at > moment.received_at + moment.skew:
            yield Finding(
                codes.TIME_FUTURE, each.opened.places.time, f"at most {moment.skew.seconds} s ahead of receipt"
            )
        if before is not None and signed_at < before:
            yield Finding(codes.TIME_ORDER, each.opened.places.time, "not before the signature in front of it")
        before = signed_at if before is None else max(before, signed_at)


_NOTHING: frozenset[str] = frozenset()


def _signed(each: _Judged) -> signing_policy.Signed:
    path = each.path
    return signing_policy.Signed(
        each.opened.index,
        each.leaf.fingerprint if each.leaf else None,
        path.hierarchy if path else None,
        each.opened.algorithm,
        each.opened.signed_at,
        each.stamped.moment is not None,
        stamp_open=any(finding.code is codes.TIME_STAMP_UNDECIDED for finding in each.stamped.findings),
        policies=path.policies if path else _NOTHING,
        persons=path.persons if path else holders.personal_numbers(each.leaf) if each.leaf else _NOTHING,
        claimed=each.opened.claimed_roles,
    )


def _check_persons(
    signed: Sequence[signing_policy.Signed],
    roles: Sequence[trust.Role | None],
    transcript: Transcript | None,
    *,
    every_subject: bool,
) -> Iterable[Finding]:
    """6: who signed is whom the transcript names; its pointers come back in the published field names."""
    if transcript is None:
        return []
    found = [*signing_persons.check(signed, roles, transcript)]
    if every_subject:
        found += signing_persons.check_subjects(signed, roles, transcript)
    return [documents.with_wire_pointer(finding, transcript) for finding in found]


def _of_content(parsed: documents.Parsed) -> list[Finding]:
    """7 to 9: what the reader and the rules say; the schema of a record in XML is asked when nothing of that refuses."""
    found = [*parsed.findings, *_check_content(parsed.transcript)]
    if parsed.record is None or any(f.code.effect is Effect.REFUSE for f in found):
        return found
    said = {finding.pointer for finding in found}
    return [*found, *(f for f in xml_schemas.findings(parsed.record) if f.pointer not in said)]


def _check_content(transcript: Transcript | None) -> Iterable[Finding]:
    """9: the rules of the circular in force; their pointers come back in the published field names."""
    if transcript is None:
        return []
    found = [documents.with_wire_pointer(finding, transcript) for finding in rules.check(transcript)]
    return [*found, *documents.name_findings(transcript)]


def _check_scope(claims: Claims, trust_list: trust.TrustList, schools: frozenset[str] | None) -> Iterable[Finding]:
    """10: the school exists and the vendor may speak for it. For a vendor, an unknown school and another's are one answer."""
    if claims.school_code is None:
        return []
    if schools is not None and claims.school_code not in schools:
        return [Finding(codes.SCOPE_SCHOOL, "/matruong")]
    if claims.school_code not in trust_list.schools:
        return [Finding(codes.SCHOOL_UNKNOWN, "/matruong")]
    return []


def _facts(each: _Judged, role: trust.Role | None, moment: Moment) -> SignatureFacts:
    path, stamped = each.path, each.stamped
    return SignatureFacts(
        role,
        each.opened.signed_at,
        each.opened.algorithm,
        each.leaf.fingerprint if each.leaf else None,
        path.hierarchy if path else None,
        path.fingerprints if path else (),
        path_names=path.names if path else (),
        signer=path.signer if path else shown_names.signer(each.leaf) if each.leaf else "",
        proven_at=stamped.moment or moment.received_at,
        proof=Proof.RECEIPT if stamped.moment is None else Proof.TIME_STAMP,
        claimed_roles=shown_names.claimed_roles(each.opened.claimed_roles),
        revocation=each.revocation,
        stamps=stamped.tokens,
    )
