"""A run in which a code is never said fails and names it; what only looks like saying it does not count."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from registry.core import codes, ids
from registry.core.findings import Finding, Refusal
from tests import produced


@pytest.fixture(scope="module")
def listener() -> produced.Listener:
    """One more of them: an audit hook stays for the life of the process."""
    return produced.Listener(every_code=True)


@pytest.fixture(autouse=True)
def forgetful(listener: produced.Listener) -> None:
    listener.produced.clear()


def test_what_the_registry_finds_counts(listener: produced.Listener) -> None:
    assert ids.number_findings("1", sex=None, birth=None, pointer="")
    assert listener.produced == {"number-shape"}
    assert "number-shape" not in listener.missing()
    assert len(listener.missing()) == len(codes.all_codes()) - 1


def test_what_a_test_writes_down_does_not(listener: produced.Listener) -> None:
    assert Finding(codes.NUMBER_ABSENT).code is codes.NUMBER_ABSENT
    with pytest.raises(Refusal):
        raise Refusal(codes.SERVICE_FAULT)
    assert listener.produced == set()


def test_nor_does_a_listing_or_a_constant(listener: produced.Listener) -> None:
    assert codes.by_slug("number-shape") in codes.all_codes()
    constant = "from registry.core import codes, findings\nX = findings.Finding(codes.NUMBER_ABSENT)"
    exec(compile(constant, "made", "exec"), {"__name__": "registry.core.made"})
    assert listener.produced == set()


def test_a_run_that_leaves_codes_out_fails_and_one_that_has_them_all_does_not(listener: produced.Listener) -> None:
    """The first worker says one code, the second all the others; a failed run stays one."""
    whole = [code.slug for code in codes.all_codes()]
    for produced_there, exit_code in (([whole[0]], pytest.ExitCode.TESTS_FAILED), (whole[1:], pytest.ExitCode.OK)):
        listener.pytest_testnodedown(SimpleNamespace(workeroutput={"produced": produced_there}))
        run: Any = SimpleNamespace(config=SimpleNamespace(), exitstatus=pytest.ExitCode.OK)
        listener.pytest_sessionfinish(run)
        assert run.exitstatus == exit_code


def test_a_worker_hands_over_what_it_heard(listener: produced.Listener) -> None:
    ids.number_findings("1", sex=None, birth=None, pointer="")
    worker: Any = SimpleNamespace(config=SimpleNamespace(workeroutput={}), exitstatus=pytest.ExitCode.OK)
    listener.pytest_sessionfinish(worker)
    assert worker.config.workeroutput == {"produced": ["number-shape"]}
    assert worker.exitstatus == pytest.ExitCode.OK
