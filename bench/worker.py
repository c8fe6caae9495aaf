"""A process that reads one row again and again when it is told to: ``python -m bench.worker stock``.

One number per line in: how many times. One number per line out: nanoseconds of processor time.
"""

import gc
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from time import process_time_ns

from bench import configuration
from bench.configuration import FULL, PRIMARY, REPLICAS


def main() -> None:
    """Serves until its input ends."""
    name = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        configuration.start(name, Path(folder))
        if name == FULL:
            from django_fleet import unit_of_work as around
        else:
            around = nullcontext
        with around():
            _check(REPLICAS if name == FULL else (PRIMARY,))
            gc.disable()
            for line in sys.stdin:
                print(_time(int(line)), flush=True)
                gc.collect()


def _time(times: int) -> int:
    from bench.models import Author

    objects = Author.objects
    begun = process_time_ns()
    for _ in range(times):
        objects.filter(pk=1).first()
    return process_time_ns() - begun


def _check(answering: tuple[str, ...]) -> None:
    """Stops the process if the row is not read, or not from where it should be."""
    from django.db import connections

    from bench.models import Author

    author = Author.objects.filter(pk=1).first()
    connected = {alias for alias in connections if connections[alias].connection is not None}
    if author is None or author.name != "Ursula" or not connected & set(answering):
        sys.exit(f"{author!r} was read with connections to {connected}, expected {answering}")


if __name__ == "__main__":
    main()
