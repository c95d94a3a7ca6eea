"""What a whole document may cost, whatever certificates, time-stamps and OCSP answers it brings with up to sixteen signatures."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from registry.core import codes
from registry.core.findings import Code, Outcome
from registry.core.verdict import Verdict
from registry.formats import allowance, names, ocsp
from registry.formats.certificates import TrustIndex
from registry.formats.lru import Lru
from registry.services import judging
from tests import costly
from tests.small_city import NOW

#: The limit of the project for any document, in CPU seconds.
LIMIT = 0.5
#: The same on a machine of any speed. A signer's own signature is checked too, and what is asked for last may go beyond.
MOST_CHECKS = allowance.LIMIT


def _judge(raw: bytes, index: TrustIndex) -> Verdict:
    return judging.judge(raw, judging.JOSE, index, judging.Moment(NOW, NOW), schools=None)


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Callable[[TrustIndex], TrustIndex]:
    """As if nothing of a document had been seen before."""

    def forget(index: TrustIndex) -> TrustIndex:
        names.comparable.cache_clear()
        monkeypatch.setattr(ocsp, "_read", Lru(64))
        monkeypatch.setattr(ocsp, "_sealed", Lru(64))
        return TrustIndex.build(index.trust)

    return forget


def _signature_checks(work: Callable[[], object]) -> int:
    """How often a library was asked to check a signature."""
    counted = 0

    def watch(_: FrameType, event: str, called: object) -> None:
        nonlocal counted
        counted += event == "c_call" and getattr(called, "__name__", "") == "verify"

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("name", costly.DOCUMENTS)
def test_no_document_takes_half_a_second(name: str, forgetful: Callable[[TrustIndex], TrustIndex]) -> None:
    raw, index = costly.DOCUMENTS[name]()
    assert costly.LARGEST * 0.3 < len(raw) <= costly.LARGEST

    def seconds() -> Iterator[float]:
        for _ in range(3):
            fresh = forgetful(index)
            started = time.process_time()
            verdict = _judge(raw, fresh)
            yield time.process_time() - started
            assert verdict.outcome is Outcome.REFUSED

    assert min(seconds()) < LIMIT
    fresh = forgetful(index)
    assert _signature_checks(lambda: _judge(raw, fresh)) <= MOST_CHECKS


@pytest.mark.parametrize("name", costly.DOCUMENTS)
def test_what_is_remembered_does_not_change_what_a_document_may_cost(
    name: str, forgetful: Callable[[TrustIndex], TrustIndex]
) -> None:
    raw, index = costly.DOCUMENTS[name]()
    fresh = forgetful(index)
    assert _judge(raw, fresh) == _judge(raw, fresh)


def test_far_too_many_certificates_are_refused_before_any_of_them_is_used() -> None:
    raw, index = costly.webs(16)
    fresh = TrustIndex.build(index.trust)
    verdicts = []
    assert _signature_checks(lambda: verdicts.append(_judge(raw, fresh))) == 0
    (found,) = [f for f in verdicts[0].findings if f.code is codes.CERTIFICATE_SIZE]
    assert (found.pointer, found.detail) == ("/signatures", "at most 48 different issuer certificates in one document")


@pytest.mark.parametrize(
    ("build", "code"),
    [(lambda: costly.webs(9), codes.CERTIFICATE_SIZE), (costly.stamped_by_strangers, codes.TIME_STAMP_INVALID)],
    ids=["signers", "time-stamps"],
)
def test_beyond_its_allowance_a_document_is_refused_where_it_goes_on(
    build: Callable[[], costly.Document], code: Code
) -> None:
    raw, index = build()
    found = [f for f in _judge(raw, TrustIndex.build(index.trust)).findings if f.detail == allowance.TOO_MUCH]
    assert found
    assert {f.code for f in found} == {code}
    assert found[-1].pointer.startswith("/signatures/")
    assert "/signatures/0" not in {f.pointer for f in found}


def test_sixteen_signers_with_two_unknown_authorities_each_are_judged_whole() -> None:
    raw, index = costly.two_unknown_each()
    found = {f.code for f in _judge(raw, TrustIndex.build(index.trust)).findings}
    assert codes.CERTIFICATE_SIZE not in found
    assert codes.CERTIFICATE_PATH not in found
