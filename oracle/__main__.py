"""The entry of `python -m oracle`."""

import sys

from oracle.command import main

sys.exit(main())
