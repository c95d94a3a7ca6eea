"""Where papers are made: the seal, the keys of the QR, and a few threads of their own, so that no paper holds up a judgement."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry.core import codes
from registry.core.answer_keys import Use
from registry.core.findings import Finding, Refusal
from registry.formats import extract_pdf, paper_sheet, qr_text
from registry.formats.answers import PrivateKey
from registry.formats.paper_sheet import Issue
from registry.formats.pdf_seal import Seal
from registry.formats.qr_text import Paper
from registry.services.answer_keys import Signer
from registry.services.judges import JudgePool
from registry.services.world import World

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Press:
    """Made once for a process. `base_url` is where the pages behind the codes are."""

    seal: Seal
    signer: Signer
    base_url: str
    threads: int = 2
    queue: int = 32
    seconds: float = 20.0  # after so long nobody waits for a paper any more
    _pool: JudgePool | None = field(default=None, repr=False)

    @classmethod
    def of(cls, seal: bytes, seal_password: bytes | None, signer: Signer, base_url: str) -> Press:
        """A press with these keys; raises ValueError for a seal that can't be used."""
        return cls(Seal(seal, seal_password), signer, base_url)

    async def key(self, world: World, now: datetime) -> PrivateKey:
        """The key that signs the QR of papers now. Raises Refusal(answer-key)."""
        return await self.signer.ready(world, now, Use.PAPER)

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
        key: PrivateKey,
        now: datetime,
    ) -> bytes:
        """The sealed PDF of an extract. Raises Refusal: service-busy (too many wait, or it takes too long), extract-not-made."""

        def work() -> bytes:
            sheet = paper_sheet.sheet(members, signatures, issue)
            return self.seal.sign(extract_pdf.render(sheet, qr_text.text(key, self.base_url, paper), now))

        try:
            async with asyncio.timeout(self.seconds):
                return await self.pool.run(work)
        except TimeoutError:
            _log.error("extract %s was numbered and not made: %s s were not enough", issue.number, self.seconds)
            raise Refusal(codes.SERVICE_BUSY, retry_after=30) from None
        except Refusal:
            _log.error("extract %s was numbered and not made: too many wait", issue.number)
            raise
        except Exception as error:  # whatever breaks here: the number is told, what the paper says is not
            what = str(error) if isinstance(error, extract_pdf.NotSetError) else type(error).__name__
            _log.error("extract %s was numbered and not made: %s", issue.number, what)
            raise Refusal(
                codes.EXTRACT_NOT_MADE, [Finding(codes.EXTRACT_NOT_MADE, "", f"number {issue.number}")]
            ) from None

    def close(self) -> None:
        """Let running work end."""
        if self._pool is not None:
            self._pool.close()
