"""What is done about orphans: nothing, rows deleted as Django deletes them, or keys set to null.

Whatever was found before is looked at again: rows are locked, their parents asked for once more, and
only rows that still have the key are touched. Each page of rows is a transaction.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from django.db import transaction
from django.db.models import ProtectedError, RestrictedError

from django_fleet.errors import UnmendableRelationError
from django_fleet.relations.orphans import FEW, Search

Fix = Literal["report", "delete", "null"]
FIXES: Final[tuple[Fix, ...]] = ("report", "delete", "null")

PAGE: Final = FEW
"""How many rows a transaction touches."""


@dataclass(slots=True)
class Outcome:
    """What became of some orphans."""

    left: int = 0
    """Rows that are orphans still."""

    mended: int = 0
    examples: list[Any] = field(default_factory=list)
    """Primary keys of some orphans, mended or not."""

    deleted: Counter[str] = field(default_factory=Counter)
    """Label of a model -> how many of its rows were deleted, cascades included."""


def check_mendable(searches: Sequence[Search], fix: Fix) -> None:
    """Raises ``UnmendableRelationError`` where ``fix`` cannot be done; nothing is touched."""
    if fix == "null":
        names = [each.name for each in searches if not each.boundary.is_nullable]
        why = "cannot be null"
    elif fix == "delete":
        names = [each.name for each in searches if each.boundary.is_parent_link]
        why = "link the two rows of one object, of which Django can delete no half"
    else:
        return
    if names:
        raise UnmendableRelationError(sorted(names), fix=fix, why=why)


def reported(search: Search, missing: Sequence[Any], show: int) -> Outcome:
    """How many rows are orphans; ``missing`` are keys that had no parent a moment ago."""
    sure = search.absent(missing)
    outcome = Outcome(left=search.count(sure))
    for page in search.pages(sure, show) if outcome.left and show else ():
        outcome.examples += [pk for pk, _ in page]
        if len(outcome.examples) >= show:
            break
    del outcome.examples[show:]
    return outcome


def mended(search: Search, missing: Sequence[Any], fix: Fix, show: int) -> Outcome:
    """What became of the rows that have one of ``missing``."""
    outcome = Outcome()
    for page in search.pages(missing, PAGE):
        try:
            _mend_page(search, page, fix, outcome, show)
        except (ProtectedError, RestrictedError):
            for row in page:
                _mend_row(search, row, outcome, show)
    return outcome


def _mend_row(search: Search, row: tuple[Any, Any], outcome: Outcome, show: int) -> None:
    """One row by itself: others need not stay because somebody protects this one."""
    try:
        _mend_page(search, [row], "delete", outcome, show)
    except (ProtectedError, RestrictedError):
        outcome.left += 1
        outcome.examples += [row[0]] if len(outcome.examples) < show else []


def _mend_page(
    search: Search, page: Sequence[tuple[Any, Any]], fix: Fix, outcome: Outcome, show: int
) -> None:
    boundary = search.boundary
    with transaction.atomic(using=boundary.child_home):
        keys = list({key for _, key in page})
        pks = [pk for pk, _ in page]
        rows = search.having(keys).filter(pk__in=pks)
        locked = dict(rows.select_for_update().values_list("pk", search.key.attname))
        gone = set(search.absent(list(set(locked.values()) & set(keys))))
        orphans = [pk for pk, key in locked.items() if key in gone]
        if not orphans:
            return
        certain = search.having(list(gone)).filter(pk__in=orphans)
        if fix == "delete":
            _, deleted = certain.delete()
            count = deleted.get(boundary.child._meta.label, 0)
        else:
            deleted = {}
            count = certain.update(**_nulls(search))
    outcome.mended += count
    outcome.deleted.update(deleted)
    outcome.examples += orphans[: show - len(outcome.examples)]


def _nulls(search: Search) -> dict[str, None]:
    names = [search.key.name]
    if search.boundary.is_generic:
        generic: Any = search.boundary.field
        names.append(generic.ct_field)
    return dict.fromkeys(names)
