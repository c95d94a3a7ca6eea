"""What comes to the database at the same moment goes together: one statement, one way there and back.

Nobody waits for another to come: whoever is first goes at once, who comes meanwhile goes with the next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from registry.core.findings import Refusal
from registry.storage.database import Database, Hot

I = TypeVar("I")  # noqa: E741 - what is asked
O = TypeVar("O")  # noqa: E741 - what comes out

_MOST = 64
#: So many more statements go over a connection before somebody else has a turn at it: to hand it back and to get it takes as much
#: of a process's time as to take a group of questions apart.
_MORE_IN_A_ROW = 3


@dataclass(slots=True)
class Together(Generic[I, O]):
    """Those of one process that wait for the same kind of statement; `at_once` of them are under way at most.

    `run` does it for several on a connection outside of a transaction, and gives what comes out of each in their order.
    """

    run: Callable[[Hot, Sequence[I]], Awaitable[Sequence[O]]]
    at_once: int
    _waiting: deque[tuple[I, asyncio.Future[O]]] = field(default_factory=deque)
    _under_way: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)  # a task that nobody keeps may be collected

    async def ask(self, db: Database, one: I) -> O:
        """What comes out of one; raises what the statement raises, and Refusal: service-busy, service-database."""
        out: asyncio.Future[O] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, out))
        if self._under_way < self.at_once:
            self._under_way += 1
            task = asyncio.create_task(self._go(db))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await out

    async def _go(self, db: Database) -> None:
        while self._waiting:
            together = self._next()
            try:
                async with db.hot() as connection:
                    await self._run(connection, together)
                    for _ in range(_MORE_IN_A_ROW):
                        if self._waiting:
                            together = self._next()
                            await self._run(connection, together)
            except Exception as failure:  # whatever it is, those who wait have to hear of it
                await self._apart(db, together, failure)
        self._under_way -= 1  # at once: who comes before the task has ended would be left waiting

    def _next(self) -> list[tuple[I, asyncio.Future[O]]]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]

    async def _run(self, connection: Hot, together: Sequence[tuple[I, asyncio.Future[O]]]) -> None:
        come_out = await self.run(connection, [one for one, _ in together])
        for (_, out), each in [*zip(together, come_out, strict=True)]:  # all of them before anybody has one
            if not out.done():  # else nobody waits any more
                out.set_result(each)

    async def _apart(self, db: Database, together: Sequence[tuple[I, asyncio.Future[O]]], failure: Exception) -> None:
        """What is wrong with one is no reason to fail the others."""
        if len(together) == 1 or isinstance(failure, Refusal):
            _fail(together, failure)
            return
        for each in together:
            try:
                async with db.hot() as connection:
                    await self._run(connection, [each])
            except Exception as its_own:  # as above
                _fail([each], its_own)


def _fail(together: Sequence[tuple[object, asyncio.Future[Any]]], failure: Exception) -> None:
    for _, out in together:
        if not out.done():
            out.set_exception(failure)
