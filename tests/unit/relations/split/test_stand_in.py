"""What schema editors see in the place of a model in parts."""

from django.db import models
from django.db.migrations.state import ProjectState
from django.db.models import UniqueConstraint
from django.test.utils import isolate_apps

from django_fleet.relations.split.stand_in import OwnParts, own_part
from lab.people.models import Employee, Person, Plain


def test_the_own_part_lacks_the_columns_that_are_elsewhere():
    """In every list; the model itself keeps them."""
    part = own_part(Person)
    assert [field.name for field in part._meta.local_fields] == ["id", "name", "age", "team"]
    assert [field.name for field in part._meta.local_concrete_fields] == [
        "id",
        "name",
        "age",
        "team",
    ]
    assert (part.__name__, part.__bases__) == ("Person", Person.__bases__)
    assert part._meta.pk is Person._meta.pk
    assert "bio" in {field.name for field in Person._meta.local_concrete_fields}
    assert own_part(part) is part
    assert own_part(Plain) is Plain
    names = [field.name for field in own_part(Employee)._meta.local_fields]
    assert names == ["person_ptr", "salary"]


@isolate_apps("lab.shop")
def test_the_own_part_has_its_own_constraints():
    """In a state of the project, too."""

    class Thing(models.Model):
        name = models.TextField()
        bio = models.TextField(using="profiles")

        class Meta:
            app_label = "shop"
            unique_together = [("name", "id")]
            constraints = [
                UniqueConstraint(fields=["name"], name="own"),
                UniqueConstraint(fields=["bio"], name="theirs"),
            ]

    part = own_part(Thing)
    assert [each.name for each in part._meta.constraints] == ["own"]
    assert part._meta.unique_together == [("name", "id")]
    state = ProjectState.from_apps(Thing._meta.apps)
    state.models["shop", "thing"].options["unique_together"] = {("name", "id"), ("bio", "id")}
    parts = OwnParts(state)
    assert parts.models["shop", "thing"].options["unique_together"] == {("name", "id")}
    assert [f.name for f in parts.apps.get_model("shop", "Thing")._meta.local_fields] == [
        "id",
        "name",
    ]
    assert parts.real_apps is state.real_apps
