"""What one run of a suite is told: written by the oracle, read inside the suite's interpreter.

It travels as JSON in one environment variable, because Django's runtests passes nothing else on.
"""

import json
import os
from dataclasses import asdict, dataclass

VARIABLE = "ORACLE_RUN"

FIRST, SECOND = "default", "other"  # the aliases that Django's suites need
CONTRIB = "contrib"  # where the contrib apps live when they have a database of their own
STOCK, FLEET = "stock", "fleet"
UNTOUCHED, TOGETHER, SCATTERED = "untouched", "together", "scattered"
ELSEWHERE = "elsewhere"
REPLICATED = "replicated"


@dataclass(frozen=True, slots=True)
class RunConfiguration:
    """One run: which package, where the models live, which databases, where results go."""

    package: str
    """STOCK or FLEET: is django-fleet an installed app?"""

    placement: str
    """UNTOUCHED: the suite as Django runs it. TOGETHER: all models in `default`, captured queries
    ignored, both databases open. ELSEWHERE: the same, with every query sent to `other`. SCATTERED:
    the same, with each app's models in both, and contrib in `contrib` if there is one. REPLICATED: the same
    as TOGETHER, with a replica of each database."""

    databases: dict
    """DATABASES."""

    results: str
    """Path of the JSON lines."""

    def environment(self):
        """The variable that carries this configuration into the suite's process."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def received(cls):
        """The configuration of this process, or None when it is not one of the oracle's."""
        text = os.environ.get(VARIABLE)
        return cls(**json.loads(text)) if text else None
