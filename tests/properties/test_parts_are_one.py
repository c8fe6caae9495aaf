"""Statement C5: a model in parts answers, and holds, what the same model in one table does.

Random operations on both; after each, results and rows are compared. ``FLEET_EXAMPLES`` and
``FLEET_SEED`` as in ``test_one_answer``.
"""

import os

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from lab.chance import SEED
from lab.people.fleet import parts
from lab.people.twins import READS, REFUSED, WRITES, twins

EXAMPLES = int(os.environ.get("FLEET_EXAMPLES", "25"))
MIXES = [
    *((vendor,) * 3 for vendor in ("sqlite", "postgresql", "mariadb")),
    ("postgresql", "mariadb", "sqlite"),
    ("mariadb", "sqlite", "postgresql"),
    ("sqlite", "postgresql", "mariadb"),
]
OPERATIONS = st.lists(st.one_of(WRITES, WRITES, READS), min_size=1, max_size=12)


@pytest.mark.parametrize("vendors", MIXES, ids="-".join)
def test_c5_parts_are_one(vendors, lab_on):
    """The home of the rows and those of the columns, on vendors alike and unlike."""
    with parts(lab_on, *vendors) as empty:

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(OPERATIONS)
        def compare(operations):
            empty()
            plain, split = twins()
            for done, code in enumerate(operations, 1):
                found = split.run(code)
                if found == REFUSED and len(set(vendors)) > 1:
                    continue
                expected = plain.run(code)
                said = "\n".join(operations[:done])
                assert found == expected, f"after, seed {SEED}:\n{said}"
                assert split.rows() == plain.rows(), f"rows after, seed {SEED}:\n{said}"

        compare()
