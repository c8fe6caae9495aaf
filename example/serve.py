"""``python -m example.serve``: the shop on a development server, with its four databases."""

import shutil
import signal
import sys
from argparse import ArgumentParser, Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from example.nodes import kept_files, started
from example.project import ROOT, ensure_administrator, prepare, set_up

VAR = ROOT / "var"


def main(arguments: list[str] | None = None) -> None:
    """Prepares the databases and serves until it is interrupted."""
    options = _options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    with ExitStack() as running:
        if options.db == "sqlite":
            ship = running.enter_context(kept_files(options.data))
            set_up("sqlite", options.data)
            _fill()
            ship()
        else:
            _say("starting PostgreSQL and MariaDB")
            nodes = running.enter_context(started("servers"))
            running.callback(shutil.rmtree, options.data, ignore_errors=True)
            set_up("servers", options.data, nodes.connections)
            _fill()
            nodes.catch_up()
        _serve(options)


def _options(arguments: list[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m example.serve", description=__doc__)
    parser.add_argument("--db", choices=["sqlite", "servers"], default="sqlite")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, help="folder of the databases (example/var/...)")
    options = parser.parse_args(arguments)
    options.data = (options.data or VAR / options.db).resolve()
    return options


def _fill() -> None:
    """The replica may not be there yet, so nobody asks it."""
    import django_fleet as fleet  # noqa: PLC0415 -- after set_up()

    with fleet.primary():
        prepare(_say)
        ensure_administrator()


def _serve(options: Namespace) -> None:
    from django.core.management import call_command  # noqa: PLC0415 -- after set_up()

    address = f"127.0.0.1:{options.port}"
    _say(f"The shop:        http://{address}/")
    _say(f"The back office: http://{address}/admin/ (admin, password admin)")
    _say(f"Its commands:    DB={options.db} python example/manage.py fleet status")
    # With its checks: they load every view now, and not inside the first request.
    call_command("runserver", address, use_reloader=False, skip_checks=False)


def _say(line: str) -> None:
    print(line, flush=True)


def _end(_number: int, _frame: object) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
