"""A Python that has imported Django already, and runs each program in a fork of itself.

    python warm_python.py <folder>

Reads one JSON list per line, ``[argv, standard input]``, and answers ``[exit status, output]``. Each
program starts as by itself, save for the half second in which it would have imported Django.
"""

import json
import os
import runpy
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path

# What most commands need, and what needs no settings yet.
PRELOADED = (
    "asyncio",
    "django.core.mail",
    "django.core.management.commands.makemigrations",
    "django.core.management.commands.migrate",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.shortcuts",
    "django.views.generic",
    "doctest",
    "multiprocessing",
)


def main():
    """Answers until there is nothing more to read."""
    for name in PRELOADED:
        import_module(name)
    os.chdir(sys.argv[1])
    for line in sys.stdin:
        argv, text = json.loads(line)
        with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as printed:
            given.write(text)
            given.seek(0)
            process = os.fork()
            if not process:
                _become(argv, given, printed)
            _, ended = os.waitpid(process, 0)
            printed.seek(0)
            print(json.dumps([os.waitstatus_to_exitcode(ended), printed.read()]), flush=True)  # noqa: T201


def _become(argv, given, printed):
    """Runs the program ``argv`` and ends."""
    for number, file in enumerate((given, printed, printed)):
        os.dup2(file.fileno(), number)
    sys.stdin, sys.argv, status = os.fdopen(0), argv, 0
    sys.path[0] = str(Path.cwd())
    try:
        runpy.run_path(argv[0], run_name="__main__")
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    main()
