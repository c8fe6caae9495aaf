"""The matrix of a project whose files and records are given."""

import django
import pytest

from django_fleet.migration.history.matrix import Cell, matrix
from django_fleet.migration.history.project import Project
from django_fleet.migration.history.records import Records
from lab.migration_files import CRM, after, migration_files

FIRST, SECOND = ("crm", "0001_initial"), ("crm", "0002_more")


@pytest.fixture
def files(tmp_path):
    with migration_files(tmp_path, m0001_initial=CRM, m0002_more=after("0001_initial")):
        yield


@pytest.fixture
def two(project):
    with project({"default": {}, "other": {}}):
        yield


@pytest.mark.usefixtures("files", "two")
def test_what_is_applied_where():
    """By app or by plan; a database that did not answer has no cell."""
    records = [
        Records("default", frozenset({FIRST, SECOND})),
        Records("other", frozenset({FIRST, SECOND})),
        Records("down", error="no"),
    ]
    rows = matrix(Project(), records, ["crm"])
    assert [(row.app, row.name, row.drift) for row in rows] == [(*FIRST, ""), (*SECOND, "")]
    assert rows[0].cells == {alias: Cell("applied", True) for alias in ("default", "other")}
    everything = matrix(Project(), records)
    assert [row.app for row in everything] == sorted(row.app for row in everything)
    in_order = [(row.app, row.name) for row in matrix(Project(), records, by_plan=True)]
    assert in_order.index(("contenttypes", "0002_remove_content_type_name")) < in_order.index(
        ("auth", "0006_require_contenttypes_0002")
    )


@pytest.mark.usefixtures("files", "two")
def test_applied_on_one_and_not_on_the_other_is_drift():
    """Not applied anywhere is none."""
    records = [Records("default", frozenset({FIRST})), Records("other")]
    first, second = matrix(Project(), records, ["crm"])
    assert (first.drift, second.drift) == ("applied on some only", "")
    assert first.cells["other"] == Cell("unapplied", True)


@pytest.mark.usefixtures("files")
def test_a_database_without_tables_of_the_app_has_no_say(project):
    """Django records the migration there, or does not: nothing is different."""
    with project({"default": {}, "other": {}}, FLEET={"PLACEMENT": {"reports": "other"}}):
        records = [Records("default", frozenset({FIRST, SECOND})), Records("other")]
        rows = matrix(Project(), records, ["crm"])
    assert [row.drift for row in rows] == ["", ""]
    assert rows[0].cells == {"default": Cell("applied", True), "other": Cell("unapplied", False)}


@pytest.mark.usefixtures("files", "two")
def test_a_migration_without_a_file_is_named():
    """Behind those of its app; of an app that is not installed it is left out."""
    records = [Records("default", frozenset({FIRST, ("crm", "0000_lost"), ("gone", "0001")}))]
    rows = matrix(Project(), records)
    lost = [row for row in rows if row.drift == "unknown to the project"]
    assert [(row.app, row.name) for row in lost] == [("crm", "0000_lost")]
    of_crm = [row.name for row in rows if row.app == "crm"]
    assert of_crm[-1] == "0000_lost"
    assert "gone" not in {row.app for row in rows}


SQUASHED = {
    "m0001_squashed_0002_b": "    replaces = [('crm', '0001_a'), ('crm', '0002_b')]\n" + CRM,
    "m0001_a": CRM,
    "m0002_b": after("0001_a"),
}
TWICE = {
    "m0001_squashed_0003_c": (
        "    replaces = [('crm', '0001_squashed_0002_b'), ('crm', '0003_c')]\n" + CRM
    ),
    **SQUASHED,
    "m0003_c": after("0002_b"),
}


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    "files",
    [
        SQUASHED,
        pytest.param(
            TWICE,
            marks=pytest.mark.skipif(
                django.VERSION < (6, 0), reason="Django 6.0 learned to squash what was squashed"
            ),
        ),
    ],
)
def test_squashed_migrations_stand_for_their_parts(tmp_path, files):
    """Also those of a squashed part; a database with some of them only has drifted."""
    with migration_files(tmp_path, **files):
        project = Project()
        key = ("crm", next(iter(files)).removeprefix("m"))
        plain = [("crm", name.removeprefix("m")) for name in files if "squashed" not in name]
        assert project.parts(key) == tuple(plain)
        assert {key, *plain} <= project.known
        whole = Records("default", frozenset(plain))
        some = Records("other", frozenset(plain[:1]))
        (row,) = matrix(project, [whole], ["crm"])
        assert (row.name, row.cells["default"].state, row.drift) == (key[1], "applied", "")
        (row,) = matrix(project, [whole, some], ["crm"])
        assert (row.cells["other"].state, row.drift) == ("partly", "partly squashed")
