"""A folder of trust material <-> values: anchors, intermediates, revocation lists, signers, schools, policy. Pure.

Layout (every part may be absent; PEM, DER and .p7b are all taken):

    anchors/government/*   anchors/public/*    pinned roots, by hierarchy
    anchors/timestamp/*                        pinned roots that count for time-stamps alone
    intermediates/*                            certificates between roots and signers
    crls/*                                     certificate revocation lists
    ocsp/*                                     OCSP answers
    signers.csv            certificate,school_code,role,valid_from,valid_to   (certificate: a file beside it; `signer_rows`)
    schools.csv            school_code,name,ownership                         (only for judging without a database)
    policy.csv             one version of the signature policy (columns: `registry.formats.policy_csv`)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath

from registry.core import trust
from registry.formats import material, moments, policy_csv

_LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class TrustFiles:
    """What a folder held; `problems` are sentences for the operator, each naming its file."""

    anchors: list[trust.Anchor] = field(default_factory=list)
    intermediates: list[bytes] = field(default_factory=list)
    revocation_lists: list[bytes] = field(default_factory=list)
    ocsp_answers: list[bytes] = field(default_factory=list)
    signers: list[trust.Signer] = field(default_factory=list)
    schools: list[trust.School] = field(default_factory=list)
    policy: trust.Policy | None = None
    problems: list[str] = field(default_factory=list)

    def trust_list(self, default_policy: trust.Policy) -> trust.TrustList:
        """The material as one trust list of generation 0."""
        signers: dict[bytes, tuple[trust.Signer, ...]] = {}
        for signer in self.signers:
            signers[signer.certificate] = (*signers.get(signer.certificate, ()), signer)
        return trust.TrustList(
            0,
            tuple(self.anchors),
            tuple(self.intermediates),
            tuple(self.revocation_lists),
            signers,
            {school.code: school for school in self.schools},
            self.policy or default_policy,
            tuple(self.ocsp_answers),
        )


def read(files: Mapping[str, bytes]) -> TrustFiles:
    """Read a folder given as {relative posix path: content}. Never raises; what can't be read is a problem."""
    found = TrustFiles()
    for name in sorted(files):
        parts = PurePosixPath(name).parts
        if parts[0] == "anchors" and len(parts) == 3:
            _anchors(found, name, parts[1], files[name])
        elif parts[0] in {"intermediates", "crls", "ocsp"}:
            _material(found, name, files[name])
    _rows(found, files, "signers.csv", lambda row: found.signers.append(_signer(row, files)))
    _rows(found, files, "schools.csv", lambda row: found.schools.append(_school(row)))
    if "policy.csv" in files:
        _policy_file(found, files["policy.csv"])
    return found


def _anchors(found: TrustFiles, name: str, hierarchy: str, raw: bytes) -> None:
    if hierarchy not in set(trust.Hierarchy):
        found.problems.append(f"{name}: no hierarchy of that name (government, public, timestamp)")
        return
    read_here = material.read_material(raw)
    found.problems += [f"{name}: {problem}" for problem in read_here.problems]
    for der in read_here.certificates:
        found.anchors.append(trust.Anchor(sha256(der).digest(), der, trust.Hierarchy(hierarchy)))


def _material(found: TrustFiles, name: str, raw: bytes) -> None:
    read_here = material.read_material(raw)
    found.problems += [f"{name}: {problem}" for problem in read_here.problems]
    found.intermediates += read_here.certificates
    found.revocation_lists += read_here.revocation_lists
    found.ocsp_answers += read_here.ocsp_answers


def _rows(found: TrustFiles, files: Mapping[str, bytes], name: str, take: Callable[[dict[str, str]], None]) -> None:
    if name not in files:
        return
    try:
        text = files[name].decode("utf-8-sig")
    except UnicodeDecodeError:
        found.problems.append(f"{name}: not UTF-8")
        return
    for number, row in _table(text):
        try:
            take(row)
        except (KeyError, ValueError) as error:
            found.problems.append(f"{name}, line {number}: {error}")


def _signer(row: dict[str, str], files: Mapping[str, bytes]) -> trust.Signer:
    """As far as judging needs it; what an import asks of a row is in `registry.formats.signer_rows`."""
    name = row["certificate"]
    if name not in files:
        raise ValueError(f"no file {name}")
    certificates = material.read_material(files[name]).certificates
    if len(certificates) != 1:
        raise ValueError(f"{name}: one certificate expected, {len(certificates)} found")
    der, role = certificates[0], trust.Role(row["role"])
    period = moments.period(row["valid_from"], row.get("valid_to", ""))
    return trust.Signer(sha256(der).digest(), der, row["school_code"], role, *period)


def _school(row: dict[str, str]) -> trust.School:
    return trust.School(row["school_code"], row["name"], trust.Ownership(row["ownership"]), _LONG_AGO)


def _policy_file(found: TrustFiles, raw: bytes) -> None:
    try:
        found.policy = policy_csv.read(raw.decode("utf-8-sig"))
    except ValueError as error:
        found.problems.append(f"policy.csv: {error}")


def _table(text: str) -> Iterable[tuple[int, dict[str, str]]]:
    """The rows with their line numbers; cells are stripped, short rows have empty cells."""
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        yield number, {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
