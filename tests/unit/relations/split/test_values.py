"""Expressions that read another home than that of the field they are for."""

import pytest
from django.db.models import Case, F, Value, When
from django.db.models.functions import Concat

from django_fleet.relations.split.values import is_expression, reads_elsewhere
from lab.people.models import Employee, Person


@pytest.mark.parametrize(
    ("model", "name", "value", "expected"),
    [
        (Person, "name", F("age"), False),
        (Person, "name", F("bio"), True),
        (Person, "bio", F("email"), False),
        (Person, "bio", F("score"), True),
        (Person, "bio", F("name"), True),
        (Person, "bio", F("pk"), True),
        (Person, "name", F("pk"), False),
        (Person, "bio", Concat("bio", Value("x")), False),
        (Person, "age", Case(When(mood="g", then=1)), True),
        (Person, "age", F("noted"), False),
        (Person, "bio", F("noted"), True),
        (Person, "bio", F("nothing"), False),
        (Person, "bio", "name", False),
        (Employee, "contract", F("score"), True),
    ],
)
def test_reads_elsewhere(model, name, value, expected):
    """A name of the own table, of the same companion, of another; an annotation is the query's."""
    field = model._meta.get_field(name)
    assert reads_elsewhere(field, value, {"noted"}) is expected


def test_is_expression():
    """What a server computes."""
    assert is_expression(F("a"))
    assert not is_expression("a")
