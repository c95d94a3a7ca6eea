"""The README's first command on a smaller city: every answer and every number as planted, also after a kill -9."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
PROGRAM = [str(Path(sys.executable).parent / "registry"), "demo", "--pupils", "400"]


def environment(state: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "DATABASE_URL", "PG"))
    }
    return {**kept, "REGISTRY_STATE_DIR": str(state)}


def play(state: Path, output: Path) -> dict[str, Any]:
    command = [*PROGRAM, "--exit", "--json", "--output", str(output)]
    done = subprocess.run(command, env=environment(state), capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.fixture
def state() -> Iterator[Path]:
    """Not pytest's own directory: as root the server runs as another user, who may not enter that one."""
    directory = Path(tempfile.mkdtemp(prefix="reg-demo-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


def test_the_demo_as_planted_after_a_killed_one(state: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    killed = subprocess.Popen([*PROGRAM, "--output", str(tmp_path / "first")], env=environment(state),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    assert killed.stdout is not None
    next(line for line in killed.stdout if "prepared:" in line)
    time.sleep(1)
    killed.send_signal(signal.SIGKILL)
    killed.wait(timeout=10)
    result = play(state, output)
    assert result["good"]
    assert result["not_as_planted"] == []
    assert result["planted"] == result["counted"]
    assert {answer["answer"] for answer in result["verifications"]} == {
        "genuine_current",
        "genuine_superseded",
        "genuine_withdrawn",
        "held",
        "not_known",
    }
    assert [step["good"] for step in result["numbers"]] == [True] * 5
    assert (output / "thieu-so-dinh-danh.xlsx").read_bytes()[:2] == b"PK"
    assert len(list((output / "outbox").glob("*.eml"))) == result["reminders"]["sent"] > 0
    assert result["reminders"]["without_contact"] > 0
    sent = list(output.glob("*.jose.json"))
    assert len(sent) > 30
    assert all(set(json.loads(file.read_bytes())) == {"payload", "signatures"} for file in sent)
