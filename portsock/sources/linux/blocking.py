"""Calls that the kernel may block for ever: reads of a process's memory while it is locked, or of a process within execve(2).

They run in threads of their own. A thread that does not return in time is left behind, and ends with this process: the kernel
lets a signal that kills end these waits (mmap_read_lock_killable() in fs/proc/base.c, down_read_killable() in kernel/pid.c).
"""

from collections import deque
from collections.abc import Callable, Iterable
from threading import Event, Thread
from typing import Generic, NamedTuple, TypeVar

from portsock.sources.system import read_text

SECONDS = 0.3
"""The longest that blocked calls can hold up one run."""
_OVERTIME = 0.2
"""Seconds by which further calls can exceed that: each gets one _STALL, so that those which are not blocked return."""
_STALL = 0.025
"""Seconds without a result after which a thread is asked for its state."""
_MOST_THREADS = 256
"""Calls that may be blocked at one time; further ones are not made."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Outcome(NamedTuple, Generic[_Item, _Result]):
    """The outcome of calls, by item."""

    results: dict[_Item, _Result]
    blocked: list[_Item]
    """Calls that have not returned in time."""
    unmade: list[_Item]
    """Calls for which no time or no thread was left."""


class Patience:
    """The time that blocked calls may still take."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.left = seconds

    def call_each(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Outcome[_Item, _Result]:
        """Call the function for each item, and wait as long as there is time. Errors of the function are raised here."""
        calls = _Calls(function, items)
        if calls.waiting and self.left > -_OVERTIME:
            calls.start_thread()
        while not calls.ended.wait(_STALL):
            if calls.threads and not calls.is_blocked():
                continue
            self.left -= _STALL
            if self.left <= 0 or not calls.threads:
                break
            for _ in range(len(calls.threads)):  # twice as many each time: hundreds of blocked calls cost little more than one
                calls.start_thread()
        return calls.outcome()


def patience() -> Patience:
    """Return the patience of this run."""
    return _OF_THIS_RUN


_OF_THIS_RUN = Patience()


class _Calls(Generic[_Item, _Result]):
    """Calls that several threads share."""

    def __init__(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> None:
        self._items = list(items)
        self.waiting = deque(self._items)
        self.ended = Event()
        """All calls have returned, or one has failed."""
        self.threads: list[int | None] = []
        """The thread ids, as in /proc/self/task."""
        self._function = function
        self._done: dict[_Item, _Result] = {}
        self._seen = 0
        self._failed: list[BaseException] = []
        if not self.waiting:
            self.ended.set()

    def start_thread(self) -> None:
        """Start one more thread, unless there is nothing left to call."""
        if not self.waiting or len(self.threads) >= _MOST_THREADS:
            return
        thread = Thread(target=self._work, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the limit of threads or of memory
            return
        self.threads.append(thread.native_id)

    def _work(self) -> None:
        try:
            while self.waiting:
                item = self.waiting.popleft()
                self._done[item] = self._function(item)
        except IndexError:  # another thread has taken the last item
            pass
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            self._failed.append(error)
            self.waiting.clear()
        if self._failed or len(self._done) == len(self._items):
            self.ended.set()

    def is_blocked(self) -> bool:
        """Tell whether nothing has returned since the last call, and no thread is running or waits for a processor."""
        progress, self._seen = len(self._done) > self._seen, len(self._done)
        return not progress and all(_state_of(thread) != "R" for thread in self.threads)

    def outcome(self) -> Outcome[_Item, _Result]:
        """Stop calling, and return what there is. Raises what a call has raised."""
        unmade = list(self.waiting)
        self.waiting.clear()
        if self._failed:
            raise self._failed[0]
        done = dict(self._done)
        return Outcome(done, [item for item in self._items if item not in done and item not in unmade], unmade)


def _state_of(thread: int | None) -> str:
    """Return the state of a thread of this process as in proc(5), 'R' for running; empty where /proc does not show it."""
    _, _, rest = (read_text(f"/proc/self/task/{thread}/stat") or "").rpartition(") ")
    return rest[:1]
