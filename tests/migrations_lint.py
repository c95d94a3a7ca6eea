"""Lints the SQL of the migrations offline with squawk; run by the gate."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

#: Rules that do not fit, each with its reason.
_NOT_FOR_US = (
    "prefer-robust-stmts",  # every migration runs in one transaction
    "require-timeout-settings",  # lock_timeout is in the template; the first migration has nothing to lock
    "prefer-bigint-over-int",  # counts and version numbers of documents are small by law
    "prefer-bigint-over-smallint",  # a grade is 1 to 12
    "require-concurrent-index-creation",  # new, empty tables
    "prefer-identity",  # the queue's tables are the library's own
    "adding-foreign-key-constraint",
    "prefer-text-field",  # the version column is Alembic's
)


def main() -> int:
    """0 when squawk finds nothing."""
    sql = io.StringIO()
    config = Config("alembic.ini", output_buffer=sql)
    command.upgrade(config, "head", sql=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "migrations.sql"
        file.write_text(sql.getvalue(), encoding="utf-8")
        squawk = Path(sys.executable).with_name("squawk")
        return subprocess.call([squawk, f"--exclude={','.join(_NOT_FOR_US)}", str(file)])


if __name__ == "__main__":
    sys.exit(main())
