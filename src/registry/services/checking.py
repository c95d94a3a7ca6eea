"""Judging a file against a folder of trust material or an archive of evidence: the same judge as a submission's, nothing stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from registry.core import codes, numbers, rules
from registry.core import trust as trust_values
from registry.core.findings import Finding
from registry.core.verdict import Verdict
from registry.formats import certificates, evidence, trust_files
from registry.services import judging, trust


def media_type_of(raw: bytes) -> str:
    """The media type of a file by its first character: XML begins with `<`, a compact JWS with an encoded `{`, JSON with neither."""
    if raw.lstrip()[:1] == b"<":
        return judging.XML
    return judging.COMPACT if raw[:1] == b"e" else judging.JOSE


Checker = Callable[[bytes, datetime], Verdict]
_NO_POLICY = trust_values.Policy("none", ())


@dataclass(frozen=True, slots=True)
class Reopened:
    """An archive that has been read. `problems` are sentences for people about what is not as it was."""

    manifest: evidence.Manifest
    document: bytes | None
    index: certificates.TrustIndex
    problems: tuple[str, ...]

    def judge(self, document: bytes) -> Verdict:
        """Judge the document at the moments of the archive and with its material alone. Never raises on bad input."""
        m = self.manifest
        moment = judging.Moment(m.judged_at, m.received_at, m.skew)
        schools = None if m.school_in_scope else frozenset[str]()
        judge = judging.JUDGES[m.kind]
        verdict = judge(document, m.media_type or "", self.index, moment, schools=schools)
        carried = tuple(Finding(codes.by_slug(f.code) or codes.SERVICE_FAULT, f.pointer, f.detail) for f in m.carried)
        findings = verdict.findings
        if any(each.code is codes.NUMBER_SUPPLIED for each in carried):
            findings = numbers.supplied(findings)  # in the place of what it ended
            carried = tuple(each for each in carried if each.code is not codes.NUMBER_SUPPLIED)
        return replace(verdict, findings=(*findings, *carried))


def checker(files: Mapping[str, bytes]) -> tuple[Checker, list[str]]:
    """A function (bytes, moment of receipt) -> Verdict, and what could not be read in the folder.

    The moment stands for both receipt and now, so that a verdict of the past can be had again from the folder of that time.
    """
    trust_list, problems = trust.from_files(files)
    index = certificates.TrustIndex.build(trust_list)

    def check(raw: bytes, at: datetime) -> Verdict:
        return judging.judge(raw, media_type_of(raw), index, judging.Moment(at, at), schools=None)

    return check, [*problems, *index.problems]


def unsigned(raw: bytes) -> Verdict:
    """The verdict on a transcript that nobody has signed yet, as far as it can be had without a registry."""
    now = datetime.now(UTC)
    nothing = certificates.TrustIndex.build(trust_values.TrustList(0, (), (), (), {}, {}, _NO_POLICY, ()))
    syntax = judging.UNSIGNED_XML if raw.lstrip().startswith(b"<") else judging.UNSIGNED
    verdict = judging.judge_unsigned(raw, syntax, nothing, judging.Moment(now, now), schools=None)
    # Which schools there are is not known here.
    return replace(verdict, findings=tuple(f for f in verdict.findings if f.code is not codes.SCHOOL_UNKNOWN))


def reopen(raw: bytes) -> Reopened | str:
    """Read an archive for judging, without a database or a network; or the reason why it is not taken. Never raises."""
    opened = evidence.unpack(raw)
    if isinstance(opened, str):
        return opened
    if opened.manifest.sha256 is None or opened.manifest.media_type not in judging.MEDIA_TYPES:
        return "nothing of a media type that is judged here was received"
    return reopened(opened)


def reopened(opened: evidence.Archive) -> Reopened:
    """An archive ready to judge with."""
    found, manifest = trust_files.read(opened.trust), opened.manifest
    trust_list = replace(found.trust_list(_NO_POLICY), generation=manifest.generation or 0)
    index = certificates.TrustIndex.build(trust_list)
    problems = [*found.problems, *index.problems]
    if trust_list.policy.version != manifest.policy_version:
        problems.append("the policy is not of the version that manifest.json names")
    if manifest.rules_version != rules.version:
        problems.append(
            f"judged by the rules {rules.version}, then by another version: the content may be seen otherwise"
        )
    return Reopened(manifest, opened.document, index, tuple(problems))
