"""What is kept with every verdict, for ever: values <-> the JSON of the journal (TT 15/2025 art. 5: evidence of the check).

Rows of earlier versions stay readable. No personal data: certificates by fingerprint and common name, registrations
without the person, the school by its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from registry.core import trust
from registry.core.verdict import Proof, RevocationKind, RevocationUsed, SignatureFacts, Verdict

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration of a certificate as it stood when the verdict was made."""

    school_code: str
    role: trust.Role
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rested on, as kept. `received_at`, `skew`, `registrations`: None in early rows."""

    generation: int | None
    policy_version: str
    rules_version: str
    signatures: tuple[SignatureFacts, ...]
    revocation: tuple[RevocationUsed, ...]
    received_at: datetime | None = None  # the receipt the verdict counted with
    skew: timedelta | None = None
    registrations: Mapping[bytes, tuple[Registration, ...]] | None = None
    school: tuple[str, trust.Ownership] | None = None  # code and kind of the school the document names


def row(verdict: Verdict, trust_list: trust.TrustList, received_at: datetime, skew: timedelta) -> Row:
    """The JSON kept with a verdict, and under which trust list, receipt and difference of clocks it was made."""
    used = {each: position for position, each in enumerate(verdict.revocation_used)}
    names = {p.hex(): name for s in verdict.signatures for p, name in zip(s.path, s.path_names, strict=False)}
    certificates = dict.fromkeys(s.certificate for s in verdict.signatures if s.certificate is not None)
    school = trust_list.schools.get(verdict.claims.school_code or "")
    return {
        "generation": verdict.generation,
        "policy": verdict.policy_version,
        "rules": verdict.rules_version,
        "received_at": received_at.isoformat(),
        "skew": int(skew.total_seconds()),
        "signatures": [_signature_row(s, used) for s in verdict.signatures],
        "revocation": [_revocation_row(each) for each in verdict.revocation_used],
        "names": names,
        "registrations": {c.hex(): _registration_rows(trust_list.signers.get(c, ())) for c in certificates},
        "school": {"code": school.code, "ownership": school.ownership.value} if school else None,
    }


def read(kept: Row) -> Evidence:
    """The evidence of a journal row, also one of an earlier version or of an attempt that was never judged (`{}`)."""
    rows = kept["revocation"] if "revocation" in kept else kept.get("revocation_lists", [])
    revocation = tuple(_revocation(each) for each in rows)
    names = kept.get("names", {})
    registered, school, skew = kept.get("registrations"), kept.get("school"), kept.get("skew")
    return Evidence(
        generation=kept.get("generation"),
        policy_version=kept.get("policy", ""),
        rules_version=kept.get("rules", ""),
        signatures=tuple(_signature(each, revocation, names) for each in kept.get("signatures", [])),
        revocation=revocation,
        received_at=_moment(kept.get("received_at")),
        skew=None if skew is None else timedelta(seconds=skew),
        registrations=None if registered is None else _registrations(registered),
        school=(school["code"], trust.Ownership(school["ownership"])) if school else None,
    )


def _signature_row(facts: SignatureFacts, used: Mapping[RevocationUsed, int]) -> Row:
    return {
        "role": facts.role.value if facts.role else None,
        "signed_at": _text(facts.signed_at),
        "algorithm": facts.algorithm.value if facts.algorithm else None,
        "certificate": facts.certificate.hex() if facts.certificate else None,
        "hierarchy": facts.hierarchy.value if facts.hierarchy else None,
        "path": [fingerprint.hex() for fingerprint in facts.path],
        "signer": facts.signer,
        "proven_at": _text(facts.proven_at),
        "proof": facts.proof.value,
        "claimed_roles": list(facts.claimed_roles),
        "revocation": [used[each] for each in facts.revocation if each in used],
        "stamps": [stamp.hex() for stamp in facts.stamps],
    }


def _signature(kept: Row, revocation: tuple[RevocationUsed, ...], names: Mapping[str, str]) -> SignatureFacts:
    role, algorithm, hierarchy, certificate = (kept.get(n) for n in ("role", "algorithm", "hierarchy", "certificate"))
    path = kept.get("path", [])
    return SignatureFacts(
        trust.Role(role) if role else None,
        _moment(kept.get("signed_at")),
        trust.Algorithm(algorithm) if algorithm else None,
        bytes.fromhex(certificate) if certificate else None,
        trust.Hierarchy(hierarchy) if hierarchy else None,
        tuple(bytes.fromhex(each) for each in path),
        path_names=tuple(names.get(each, "") for each in path),
        signer=kept.get("signer", ""),
        proven_at=_moment(kept.get("proven_at")),
        proof=Proof(kept.get("proof", Proof.RECEIPT)),
        claimed_roles=tuple(kept.get("claimed_roles", [])),
        revocation=tuple(revocation[position] for position in kept.get("revocation", [])),
        stamps=tuple(bytes.fromhex(each) for each in kept.get("stamps", [])),
    )


def _revocation_row(used: RevocationUsed) -> Row:
    return {
        "kind": used.kind.value,
        "issuer": used.issuer,
        "number": None if used.number is None else str(used.number),
        "this_update": used.this_update.isoformat(),
        "next_update": _text(used.next_update),
        "sha256": used.fingerprint.hex(),
    }


def _revocation(kept: Row) -> RevocationUsed:
    number = kept.get("number")
    return RevocationUsed(
        kept["issuer"],
        None if number is None else int(number),
        datetime.fromisoformat(kept["this_update"]),
        _moment(kept.get("next_update")),
        RevocationKind(kept.get("kind", RevocationKind.CRL)),
        bytes.fromhex(kept.get("sha256", "")),
    )


def _registration_rows(signers: tuple[trust.Signer, ...]) -> list[list[str | None]]:
    return [[s.school_code, s.role.value, s.valid_from.isoformat(), _text(s.valid_to)] for s in signers]


def _registrations(kept: Mapping[str, list[list[str]]]) -> dict[bytes, tuple[Registration, ...]]:
    return {
        bytes.fromhex(certificate): tuple(
            Registration(school, trust.Role(role), datetime.fromisoformat(start), _moment(end))
            for school, role, start, end in rows
        )
        for certificate, rows in kept.items()
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
