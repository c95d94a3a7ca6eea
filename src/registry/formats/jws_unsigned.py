"""The unprotected header of a signature: `etsiU` (ETSI TS 119 182-1 5.3) and nothing else. Pure.

Anybody can add, change or take away what stands here. Time-stamps and OCSP answers prove themselves and are checked elsewhere;
certificates may help to build a path; everything else is reported and not relied upon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core import codes
from registry.core.findings import Code, Finding
from registry.formats import base64url, strict_json
from registry.formats.signatures import Stamp
from registry.formats.x509 import MAX_SIZE

KEYS = frozenset({"jwk", "jku", "x5u"})
MOST_ELEMENTS = 32
MOST_ANSWERS = 8
_MOST_UNKNOWN = 20
_DER = "http://uri.etsi.org/01903/v1.2.2#DER"


@dataclass(slots=True)
class Unsigned:
    """What came beside one signature; `certificates` are DER candidates for its path, not one of them trusted."""

    stamps: list[Stamp] = field(default_factory=list)
    ocsp_answers: list[bytes] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def note(self, code: Code, pointer: str, detail: str = "") -> None:
        """One more finding."""
        self.findings.append(Finding(code, pointer, detail))


def read(header: object, at: str, signature: str, known: tuple[bytes, ...], most_certificates: int) -> Unsigned:
    """Read the unprotected header of the signature at the pointer `at`.

    `signature` is the base64url text of its value, which time-stamps are over; `known` its x5c, which counts against
    `most_certificates`. Codes: header-unprotected, header-key-injection, time-stamp-invalid, those of the JSON reader,
    and as warnings signature-counter, signature-unsigned.
    """
    read_here, at = Unsigned(), f"{at}/header"
    if type(header) is not dict:
        read_here.note(codes.HEADER_UNPROTECTED, at, "an object")
        return read_here
    for name in list(header)[:_MOST_UNKNOWN]:
        if name != "etsiU":
            code = codes.HEADER_KEY_INJECTION if name in KEYS else codes.HEADER_UNPROTECTED
            read_here.note(code, strict_json.member_pointer(at, name), "etsiU only")
    if "etsiU" not in header:
        if not header:
            read_here.note(codes.HEADER_UNPROTECTED, at, "etsiU only, or no header at all")
        return read_here
    takers: Mapping[str, Callable[[object, str], None]] = {
        "sigTst": lambda value, place: _stamps(read_here, value, place, signature),
        "rVals": lambda value, place: _revocation(read_here, value, place),
        "xVals": lambda value, place: _certificates(read_here, value, place, known, most_certificates),
        "cSig": lambda _, place: read_here.note(codes.SIGNATURE_COUNTER, place),
    }
    for place, name, value in _elements(read_here, header["etsiU"], f"{at}/etsiU"):
        if name in takers:
            takers[name](value, f"{place}/{name}")
        else:
            read_here.note(codes.SIGNATURE_UNSIGNED, place)
    return read_here


def _elements(found: Unsigned, given: object, at: str) -> Iterator[tuple[str, str, object]]:
    """Place, name and value of each element: all of them objects, or all base64url of one."""
    kinds = {type(element) for element in given} if type(given) is list else set()
    if type(given) is not list or kinds not in ({dict}, {str}) or len(given) > MOST_ELEMENTS:
        found.note(codes.HEADER_UNPROTECTED, at, f"a list of at most {MOST_ELEMENTS} objects, or of base64url strings")
        return
    for position, element in enumerate(given):
        place = f"{at}/{position}"
        members = _decoded(found, element, place) if type(element) is str else element
        if type(members) is dict and len(members) == 1:
            ((name, value),) = members.items()
            yield place, name, value
        else:
            found.note(codes.HEADER_UNPROTECTED, place, "an object of one member, plain or as base64url")


def _decoded(found: Unsigned, text: str, place: str) -> Any:
    raw = base64url.decode(text)
    if raw is None:
        return None
    members, broken = strict_json.parse(raw, pointer=place)
    found.findings += broken
    return members


def _stamps(found: Unsigned, value: object, place: str, signature: str) -> None:
    """tstContainer (5.4.3.3) without canonAlg: a signature value has nothing to canonicalise."""
    tokens = value.get("tstTokens") if type(value) is dict and value.keys() == {"tstTokens"} else None
    if type(tokens) is not list or not tokens:
        found.note(codes.TIME_STAMP_INVALID, place, "an object of tstTokens, a list that is not empty")
        return
    imprinted = signature.encode("utf-8", "surrogatepass")
    for position, token in enumerate(tokens):
        where = f"{place}/tstTokens/{position}"
        der = _val(token)
        if der is None:
            found.note(codes.TIME_STAMP_INVALID, where, "an object of val, the DER token in standard base64")
        else:
            found.stamps.append(Stamp(der, imprinted, where))


def _revocation(found: Unsigned, value: object, place: str) -> None:
    """OCSP answers are kept; revocation lists come from the trust list alone, which knows the newest."""
    if type(value) is not dict or not value or not value.keys() <= {"ocspVals", "crlVals"}:
        found.note(codes.HEADER_UNPROTECTED, place, "an object of ocspVals, crlVals")
        return
    if "crlVals" in value:
        found.note(codes.SIGNATURE_UNSIGNED, f"{place}/crlVals")
    answers = value.get("ocspVals", [])
    if type(answers) is not list or len(found.ocsp_answers) + len(answers) > MOST_ANSWERS:
        found.note(codes.HEADER_UNPROTECTED, f"{place}/ocspVals", f"a list of at most {MOST_ANSWERS} answers")
        return
    for position, answer in enumerate(answers):
        der = _val(answer)
        if der is None or len(der) > MAX_SIZE:
            found.note(
                codes.HEADER_UNPROTECTED,
                f"{place}/ocspVals/{position}",
                f"an object of val, DER of at most {MAX_SIZE} octets in standard base64",
            )
        else:
            found.ocsp_answers.append(der)


def _certificates(found: Unsigned, value: object, place: str, known: tuple[bytes, ...], most: int) -> None:
    """Candidates for the path; what is beyond the limit is left out and said, since long-term forms carry many."""
    if type(value) is not list or not value:
        found.note(codes.HEADER_UNPROTECTED, place, "a list of certificates, not empty")
        return
    for position, each in enumerate(value):
        where = f"{place}/{position}"
        inner = each.get("x509Cert") if type(each) is dict and each.keys() == {"x509Cert"} else None
        der = _val(inner)
        if der is None or len(der) > MAX_SIZE:
            detail = f"an object of x509Cert, DER of at most {MAX_SIZE} octets in standard base64"
            found.note(codes.HEADER_UNPROTECTED, where, detail)
        elif der not in known and der not in found.certificates:
            if len(known) + len(found.certificates) < most:
                found.certificates.append(der)
            else:
                found.note(codes.SIGNATURE_UNSIGNED, where, f"at most {most} certificates, x5c included")


def _val(value: object) -> bytes | None:
    """The octets of a token, answer or certificate: `val`, and at most an encoding that says what is the default anyway."""
    if type(value) is not dict or type(value.get("val")) is not str or not value.keys() <= {"val", "encoding"}:
        return None
    if value.get("encoding", _DER) != _DER:
        return None
    return base64url.decode_standard(value["val"]) or None
