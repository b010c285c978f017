"""Group commit: many callers' units of work share one transaction.

A thread takes what has queued up, has an engine run it as one batch, and answers all its callers
together, after the commit. While it commits, the next batch queues up: the busier the bot, the
larger the batches, and the less a durable commit costs each payment.

A caller who gives up waiting does not undo its unit: that is committed or not, like any other.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol, TypeVar

from payments.errors import Unavailable
from payments.models import PersonId
from payments.ports import Ahead
from storage.transaction import Transaction

T = TypeVar("T")

MOST_IN_A_BATCH = 256
_MOST_WAITING = 4 * MOST_IN_A_BATCH

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Job:
    """A unit of work, on its way through a batch."""

    unit: Callable[[Transaction], Any]
    locks: Sequence[PersonId]
    ahead: Ahead | None
    writes: bool
    future: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None

    def attempt(self, transaction: Transaction, *, write: bool = False) -> bool:
        """Runs the unit and keeps what came of it; False if it raised.

        Args:
            transaction: what it runs in.
            write: whether what it put down is written at once.
        """
        try:
            self.value = self.unit(transaction)
            if write:
                transaction.workspace.write()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
            self.fail(error)
            return False
        self.error = None
        return True

    def fail(self, error: BaseException) -> None:
        """Keeps an error as the answer."""
        self.value = None
        # A future cannot carry StopIteration: the awaiting coroutine would just return.
        self.error = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error

    def answer(self) -> None:
        """Tells the caller, if it is still there. Runs on the caller's event loop."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(self.error)


class Engine(Protocol):
    """What differs between databases: how a batch becomes one transaction."""

    def commit(self, jobs: list[Job]) -> None:
        """Runs all jobs in one transaction and commits it.

        A job whose unit raises is undone alone, and keeps the error.

        Raises:
            BaseException: nothing was committed, or nobody knows. The engine is ready for the next
                batch, or will be once the database is back.
        """

    def close(self) -> None:
        """Lets go of the database."""


@dataclass
class GroupCommit:
    """Writer threads, one for each engine given, and the queue before them.

    At most `most_waiting` units queue up; further callers wait for room.
    """

    engines: Sequence[Engine]
    most_in_a_batch: int = MOST_IN_A_BATCH
    most_waiting: int = _MOST_WAITING
    _queue: queue.SimpleQueue[Job | None] = field(default_factory=queue.SimpleQueue)
    _threads: list[threading.Thread] = field(default_factory=list)
    _closing: bool = False

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.most_waiting)
        for number, engine in enumerate(self.engines):
            thread = threading.Thread(
                target=self._write, args=(engine,), name=f"storage-writer-{number}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    async def submit(
        self,
        unit: Callable[[Any], T],
        locks: Sequence[PersonId] = (),
        ahead: Ahead | None = None,
        *,
        writes: bool = True,
    ) -> T:
        """Queues a unit and answers after its commit, as `payments.ports.Store.write` says."""
        await self._room.acquire()
        if self._closing:
            self._room.release()
            raise Unavailable("the store is closed")
        job = Job(unit, locks, ahead, writes, asyncio.get_running_loop().create_future())
        self._queue.put(job)
        answer: T = await job.future
        return answer

    async def close(self) -> None:
        """Finishes what has been queued, and lets the engines go."""
        if not self._closing:
            self._closing = True
            for _thread in self._threads:
                self._queue.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    # --- on the writer thread ------------------------------------------------------------------

    def _write(self, engine: Engine) -> None:
        last = False
        while not last:
            jobs, last = self._next_batch()
            if jobs:
                self._commit(engine, jobs)
                self._answer(jobs)
        engine.close()

    def _commit(self, engine: Engine, jobs: list[Job]) -> None:
        try:
            engine.commit(jobs)
        except BaseException as error:  # noqa: BLE001 - nobody may be left waiting
            _log.exception("a batch of %d was not committed", len(jobs))
            for job in jobs:
                unavailable = Unavailable("not committed, or nobody knows")
                unavailable.__cause__ = error
                job.fail(unavailable)

    def _next_batch(self) -> tuple[list[Job], bool]:
        """Waits for work, and takes what there is; True with the last batch of this thread."""
        jobs: list[Job] = []
        job = self._queue.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == self.most_in_a_batch:
                return jobs, False
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _answer(self, jobs: list[Job]) -> None:
        """Wakes each event loop once, however many of its callers are in the batch."""
        for loop, group in groupby(jobs, key=lambda job: job.future.get_loop()):
            try:
                loop.call_soon_threadsafe(self._deliver, list(group))
            except RuntimeError:
                _log.warning("a batch was committed after its event loop had closed")

    def _deliver(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._room.release()
            job.answer()
