"""Where papers are made: the seal, the key of the QR, and a few threads of their own, so that no paper holds up a judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry.formats import extract_pdf, paper_sheet
from registry.formats.paper_sheet import Issue
from registry.formats.pdf_seal import Seal
from registry.formats.qr_text import Paper, QrKey
from registry.services.judges import JudgePool


@dataclass(slots=True)
class Press:
    """Made once for a process. `base_url` is where the pages behind the codes are."""

    seal: Seal
    qr_key: QrKey
    base_url: str
    threads: int = 2
    queue: int = 32
    _pool: JudgePool | None = field(default=None, repr=False)

    @classmethod
    def of(cls, seal: bytes, seal_password: bytes | None, qr_key: bytes, base_url: str) -> Press:
        """A press with these keys; raises ValueError for a seal or a key that can't be used."""
        return cls(Seal(seal, seal_password), QrKey(qr_key), base_url)

    @property
    def pool(self) -> JudgePool:
        """The threads, started by the first paper."""
        if self._pool is None:
            self._pool = JudgePool(self.threads, self.queue)
        return self._pool

    async def make(
        self,
        members: Mapping[str, Any],
        signatures: Sequence[Mapping[str, Any]],
        issue: Issue,
        paper: Paper,
        now: datetime,
    ) -> bytes:
        """The sealed PDF of an extract. Raises Refusal(service-busy) when too many wait."""

        def work() -> bytes:
            sheet = paper_sheet.sheet(members, signatures, issue)
            return self.seal.sign(extract_pdf.render(sheet, self.qr_key.text(self.base_url, paper), now))

        return await self.pool.run(work)

    def close(self) -> None:
        """Let running work end."""
        if self._pool is not None:
            self._pool.close()
