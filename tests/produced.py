"""Which codes the product really said while the tests ran; with `--every-code`, a run in which one was never said fails.

Every finding and refusal raises an audit event (PEP 578) as it is made: this listens and changes nothing. It counts only what
code of the registry makes inside a function: neither the findings that a test writes down as its expectation, nor constants
made at import, nor the listing of the table. Under pytest-xdist each worker hands its codes to the controller.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from registry.core import codes, findings

#: Where a finding is made counts, not the steps of making it.
_STEPS = frozenset({"__init__", "__post_init__", findings.said.__name__})
#: The made-up city stands for vendors and schools: what it writes down are expectations too.
_OUTSIDE = "registry.demo"
_KEY = "produced"


class Listener:
    """A pytest plugin: collects the slugs said in this process and its workers, and fails an incomplete run if it must."""

    def __init__(self, every_code: bool) -> None:
        self.every_code = every_code
        self.produced: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == findings.SAID and arguments[0] not in self.produced and _by_product(sys._getframe(1)):
            self.produced.add(arguments[0])

    def missing(self) -> list[str]:
        """Codes of the table that nothing has said, in its order."""
        return [code.slug for code in codes.all_codes() if code.slug not in self.produced]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended: what it heard."""
        self.produced.update(getattr(node, "workeroutput", {}).get(_KEY, ()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """In a worker, hand over; else fail a run that passed but left a code out."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_KEY] = sorted(self.produced)
        elif self.every_code and self.missing() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Name the codes that were left out."""
        if self.every_code and (missing := self.missing()):
            terminalreporter.section("codes that no test made the registry say", red=True)
            terminalreporter.line(" ".join(missing))


def _by_product(frame: FrameType | None) -> bool:
    """Whether the finding was made by a function of the registry."""
    while frame is not None and frame.f_code.co_name in _STEPS:
        frame = frame.f_back
    if frame is None or frame.f_code.co_name == "<module>":
        return False
    maker = str(frame.f_globals.get("__name__", ""))
    return maker.startswith("registry.") and not maker.startswith(_OUTSIDE)
