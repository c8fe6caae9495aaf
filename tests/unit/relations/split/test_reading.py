"""Which columns a query for objects leaves out."""

from django_fleet.relations.split.reading import without_split
from lab.people.models import Person, Plain


def test_columns_that_are_elsewhere_are_left_out():
    """Those of the own table stay, in their order."""

    def columns(model):
        return [field.get_col(model._meta.db_table) for field in model._meta.concrete_fields]

    names = [column.target.name for column in without_split(columns(Person))]
    assert names == ["id", "name", "age", "team"]
    assert without_split(columns(Plain)) == columns(Plain)


def test_the_sql_of_objects_has_no_join(project):
    """Names in conditions have one."""
    with project({"default": {}, "profiles": {}, "records": {}}):
        assert "JOIN" not in str(Person.objects.filter(name="x").query)
        assert "bio" not in str(Person.objects.all().query)
