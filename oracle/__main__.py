"""The entry of `python -m oracle`."""

import signal
import sys

from oracle.command import main


def end_in_order(_number, _frame):
    """On SIGTERM: leave by the way of an exception, which ends the suite and the servers."""
    raise SystemExit(128 + signal.SIGTERM)


signal.signal(signal.SIGTERM, end_in_order)
sys.exit(main())
