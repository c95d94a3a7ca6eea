"""The numbers of one process in its file among those of the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry.api import telemetry


def test_a_process_ends_in_order_where_its_folder_is_gone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "metrics"
    shared = telemetry.Shared(folder)
    shared.start()
    shutil.rmtree(folder)
    shared.stop()
    assert not folder.exists()
    assert caplog.records, "what could not be written is told"
