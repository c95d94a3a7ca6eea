"""The pages are served by the same application as the API: its fixtures serve here too."""

from __future__ import annotations

from tests.api.conftest import http, log_text, registry

__all__ = ["http", "log_text", "registry"]
