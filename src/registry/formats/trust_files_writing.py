"""Values -> a folder of trust material in the layout that `registry.formats.trust_files` reads. Pure.

Certificates, lists and answers are written in DER and named by their SHA-256, so that the same material gives the same
files. Nobody's name or number stands in a file name or a table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from registry.core import trust

_SIGNERS = ("certificate", "school_code", "role", "valid_from", "valid_to")
_SCHOOLS = ("school_code", "name", "ownership")
_POLICY = ("version", "role", "ownership", "hierarchy", "algorithms", "valid_from", "valid_to", "required", "policies",
           "time_stamp", "first_year", "last_year", "extract", "declares", "subject_teachers")  # fmt: skip


def write(found: trust.TrustList) -> dict[str, bytes]:
    """{relative posix path: content} of a trust list. Reading the files gives the same list, of generation 0.

    A school's dates are not part of the layout; an empty policy has no file.
    """
    files = {f"anchors/{a.hierarchy.value}/{a.fingerprint.hex()}.crt": a.der for a in found.anchors}
    files |= _named("intermediates", "crt", found.intermediates)
    files |= _named("crls", "crl", found.revocation_lists)
    files |= _named("ocsp", "ors", found.ocsp_answers)
    signers = [s for rows in found.signers.values() for s in rows]
    files |= {_signer_file(s): s.der for s in signers}
    files["signers.csv"] = _table(_SIGNERS, map(_signer, signers))
    files["schools.csv"] = _table(_SCHOOLS, ((s.code, s.name, s.ownership.value) for s in found.schools.values()))
    if found.policy.rows:
        files["policy.csv"] = policy(found.policy)
    return files


def policy(found: trust.Policy) -> bytes:
    """A policy version as CSV with every column."""
    return _table(_POLICY, (_policy_row(found.version, row) for row in found.rows))


def _policy_row(version: str, row: trust.PolicyRow) -> tuple[str, ...]:
    return (
        version,
        row.role.value,
        row.ownership.value,
        row.hierarchy.value,
        " ".join(sorted(row.algorithms)),
        row.valid_from.isoformat(),
        _moment(row.valid_to),
        _word(row.required),
        " ".join(sorted(row.policies)),
        _word(row.time_stamp),
        _year(row.first_year),
        _year(row.last_year),
        "" if row.extract is None else _word(row.extract),
        "" if row.declares is None else row.declares.value,
        _word(row.subject_teachers),
    )


def _signer(row: trust.Signer) -> tuple[str, ...]:
    return _signer_file(row), row.school_code, row.role.value, row.valid_from.isoformat(), _moment(row.valid_to)


def _signer_file(row: trust.Signer) -> str:
    return f"signers/{row.certificate.hex()}.crt"


def _named(folder: str, ending: str, ders: Iterable[bytes]) -> dict[str, bytes]:
    return {f"{folder}/{sha256(der).hexdigest()}.{ending}": der for der in ders}


def _table(columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(sorted(rows))
    return text.getvalue().encode("utf-8")


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _word(value: bool) -> str:
    return "yes" if value else "no"


def _year(value: int | None) -> str:
    return "" if value is None else str(value)
