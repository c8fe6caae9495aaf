"""Which fields constraints, indexes and expressions name."""

import pytest
from django.db.models import Case, CheckConstraint, F, Index, Q, UniqueConstraint, Value, When
from django.db.models.functions import Coalesce, Lower

from django_fleet.relations.split.references import fields_of, paths_in


@pytest.mark.parametrize(
    ("constraint", "names"),
    [
        (UniqueConstraint(fields=["a", "b"], name="x"), {"a", "b"}),
        (UniqueConstraint(fields=["a"], include=["c"], name="x"), {"a", "c"}),
        (UniqueConstraint(fields=["a"], condition=Q(b=1), name="x"), {"a", "b"}),
        (UniqueConstraint(Lower("a"), F("b").desc(), name="x"), {"a", "b"}),
        (CheckConstraint(condition=Q(a__gt=F("b")) & ~Q(c__lower="x"), name="x"), {"a", "b", "c"}),
        (Index(fields=["-a", "b"], name="x"), {"a", "b"}),
        (Index(Coalesce("a", "b"), name="x"), {"a", "b"}),
    ],
)
def test_fields_of(constraint, names):
    """However they are named."""
    assert fields_of(constraint) == names


def test_paths_in():
    """Conditions included; values name nothing."""
    case = Case(When(Q(a=F("b__c")) | Q(d=1), then=F("e")), default=Value("f"))
    assert set(paths_in(case)) == {"a", "b__c", "d", "e"}
    assert list(paths_in("text")) == []
