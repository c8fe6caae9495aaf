"""System checks: what the settings and models contradict, told before a query finds out.

Nothing here opens a connection; what only a connection can tell is for ``manage.py fleet check``.
"""

from typing import Final

from django_fleet.checks.orphans import check_orphans
from django_fleet.checks.placement import check_homes, check_placement
from django_fleet.checks.project import check_project
from django_fleet.checks.relations import check_relations
from django_fleet.checks.split import check_split_fields
from django_fleet.checks.topology import check_deadlines, check_replicas

__all__ = [
    "STATIC",
    "check_deadlines",
    "check_homes",
    "check_orphans",
    "check_placement",
    "check_project",
    "check_relations",
    "check_replicas",
    "check_split_fields",
]

STATIC: Final = (
    check_replicas,
    check_deadlines,
    check_placement,
    check_homes,
    check_split_fields,
    check_relations,
    check_orphans,
    check_project,
)
"""Every check that ``manage.py check`` runs for us."""
