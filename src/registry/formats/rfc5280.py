"""The one place that calls pyhanko-certvalidator: RFC 5280 section 6 over an explicit path, and nothing else.

Revocation and path building are not asked of it: its builder is factorial in same-name certificates and its reading of
large lists takes a second. No file, no network: it is given every byte it may look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers, derive_quals_from_cert
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    DEFAULT_WEAK_HASH_ALGOS,
    NO_REVOCATION,
    CertRevTrustPolicy,
    PKIXValidationParams,
)
from pyhanko_certvalidator.validate import async_validate_path


def refusal(chain: Sequence[bytes], anchor: bytes, moment: datetime) -> str | None:
    """None when the path is good at the moment, else the class of the failure (never its text, which quotes names).

    `chain` is DER, the signer's certificate first, the one under the anchor last. Signatures, names, validity, path
    length, key usage, policies and name constraints are checked, those of the anchor included. Never raises.
    """
    try:
        # Loaded anew each time: asn1crypto parses lazily and shared objects would be parsed by two threads at once.
        certificates = [asn1_x509.Certificate.load(der, strict=True) for der in chain]
        root = asn1_x509.Certificate.load(anchor, strict=True)
        path = ValidationPath(
            CertTrustAnchor(root, quals=_qualifiers(root)), interm=certificates[:0:-1], leaf=certificates[0]
        )
        return _run(_context(root, moment), path)
    except Exception as error:  # NotImplementedError, TypeError, RecursionError occur: whatever it is, it is not a yes
        return type(error).__name__


def _qualifiers(root: asn1_x509.Certificate) -> TrustQualifiers:
    """The anchor's own limits. The attribute-authority length is filled in: left at None it ends in a TypeError."""
    derived = derive_quals_from_cert(root)
    return replace(derived, max_aa_path_length=derived.max_path_length)


def _context(root: asn1_x509.Certificate, moment: datetime) -> ValidationContext:
    return ValidationContext(
        trust_roots=[root],
        other_certs=[],
        moment=moment,
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
        weak_hash_algos=DEFAULT_WEAK_HASH_ALGOS,
        time_tolerance=timedelta(0),
    )


def _run(context: ValidationContext, path: ValidationPath) -> str | None:
    """Drive the coroutine by hand: without revocation it has nothing to wait for, so it must end at the first step."""
    running = async_validate_path(context, path, parameters=PKIXValidationParams())
    try:
        running.send(None)
    except StopIteration:
        return None
    running.close()
    return "Suspended"
