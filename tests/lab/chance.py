"""Random questions are the same in every run: a build says the same of the same code.

Chance is given its turn by hand: ``FLEET_SEED`` names another seed, ``FLEET_EXAMPLES`` another number of
examples, where a test says so; with ``FLEET_SEED`` the other properties draw anew in each run.
"""

import os

from hypothesis import settings

IS_ASKED_FOR = "FLEET_SEED" in os.environ
SEED = int(os.environ.get("FLEET_SEED", "20261121"))


def settle():
    """Makes every property draw the same examples, unless chance is asked for."""
    settings.register_profile("fleet", derandomize=not IS_ASKED_FOR)
    settings.load_profile("fleet")
