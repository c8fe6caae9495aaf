"""Reading ahead: a table's next batches are fetched and decoded while the engine works on the last.

A thread of its own for each table, a few batches in memory at most; the tables of one query are so
read side by side.
"""

import threading
from collections.abc import Iterator
from queue import Empty, Queue
from typing import Any, Final

DEPTH: Final = 4
"""Batches that wait for the engine."""

_LOOK_S: Final = 0.05


class Ahead:
    """The batches of one table, in their order. ``batches`` is only used by the thread made here."""

    def __init__(self, batches: Iterator[Any]) -> None:
        self._batches = batches
        self._waiting: Queue[tuple[Any, BaseException | None]] = Queue(DEPTH)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._fetch, name="fleet-engine", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Any]:
        """Each batch once. Raises what reading raised, behind the batches before it."""
        while True:
            batch, error = self._waiting.get()
            if error is not None:
                raise error
            if batch is None:
                return
            yield batch

    def close(self) -> None:
        """Ends the reading, wherever it is; returns when its thread has ended."""
        self._is_over.set()
        while self._thread.is_alive():
            try:
                self._waiting.get(timeout=_LOOK_S)  # lets the thread see that it is over
            except Empty:
                continue
        self._thread.join()

    def _fetch(self) -> None:
        try:
            for batch in self._batches:
                self._waiting.put((batch, None))
                if self._is_over.is_set():
                    break
        except BaseException as error:  # noqa: BLE001 -- handed to whoever reads
            self._waiting.put((None, error))
        else:
            self._waiting.put((None, None))
        finally:
            close = getattr(self._batches, "close", None)
            if close is not None:
                close()
