"""The table of hooks, and that they are in."""

import functools
import pickle
import traceback
from collections import Counter

import pytest
from django.core.management.commands import dumpdata, flush, loaddata, migrate
from django.db import connections, models, router
from django.db.migrations.operations import AlterModelOptions
from django.db.migrations.state import DEFAULT_NAMES as NAMES_OF_STATE
from django.db.models.options import DEFAULT_NAMES, Options
from django.db.utils import ConnectionHandler, ConnectionRouter

from django_fleet import hooks
from django_fleet.errors import EmptyDefaultError, MissingConnectionError
from django_fleet.hooks import TABLE, install
from django_fleet.hooks.hook import Need, _function, _own_attribute, is_ours
from django_fleet.routing.running import running
from lab.shop.models import Tag

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}
SPLIT = {"default": {}, "other": {}}
WHOLE = {**REPLICATED, **SPLIT}
VALUES = {"DEFAULT_NAMES", "ALTER_OPTION_KEYS", "exception_class"}
DEFAULTS = {"Options.using", "Field.fleet_using"}
HOOKED = [
    each
    for each in TABLE
    if each.attribute not in VALUES and each.name not in DEFAULTS and not each.is_late
]
EARLY = [hook for hook in TABLE if not hook.is_late]
by_name = functools.partial(pytest.mark.parametrize, "hook", ids=lambda hook: hook.name)


def standing(hook):
    return _own_attribute(hook.owner(), hook.attribute)


@pytest.fixture
def replicated(project):
    """A project in which every hook is needed."""
    with project(WHOLE):
        running().note_split_field()
        running().is_in_tests = True
        running().put_in_hooks()
        yield
        running().is_in_tests = False


@by_name(argvalues=TABLE)
def test_a_hook_says_why_it_is_there_and_until_when(hook):
    """In a sentence and in a condition."""
    assert hook.why.endswith(".")
    assert len(hook.why) > 20
    assert len(hook.until) > 10
    assert not hook.until.endswith(".")


def test_no_place_is_hooked_twice():
    """Each row of the table is another attribute."""
    places = Counter((hook.target, hook.attribute) for hook in TABLE)
    assert set(places.values()) == {1}


def test_every_module_s_hooks_are_in_the_table():
    """None is forgotten."""
    modules = [value for value in vars(hooks).values() if hasattr(value, "HOOKS")]
    assert {hook.name for module in modules for hook in module.HOOKS} == {h.name for h in TABLE}
    assert sum(len(module.HOOKS) for module in modules) == len(TABLE)


MADE_BY_US = {"using", "db_constraint"}
"""Properties in the place of nothing, or of what each object had."""


@by_name(argvalues=HOOKED)
@pytest.mark.usefixtures("replicated")
def test_what_is_hooked_keeps_the_original(hook):
    """As ``__wrapped__`` of the function, under our mark."""
    assert is_ours(standing(hook))
    assert "__wrapped__" in vars(_function(standing(hook)))
    if hook.attribute not in MADE_BY_US:
        assert _function(standing(hook)).__wrapped__ is not None


@by_name(argvalues=HOOKED)
@pytest.mark.usefixtures("replicated")
def test_what_is_hooked_was_known(hook):
    """The original has one of the parameter lists, and is Django's own."""
    original = _function(standing(hook)).__wrapped__
    if hook.attribute not in MADE_BY_US:
        hook._verify(original)
        assert _function(original).__module__.startswith("django.")
        assert not is_ours(original)


@by_name(argvalues=TABLE)
@pytest.mark.usefixtures("replicated")
def test_installing_twice_changes_nothing(hook):
    """Each reload of the settings installs again."""
    before = standing(hook)
    install(running())
    assert standing(hook) is before


def test_hooks_are_put_in_only_where_they_are_needed(project, monkeypatch):
    """They would cost something on every read."""
    installed = []
    monkeypatch.setattr(hooks.Hook, "install", lambda hook, _running: installed.append(hook))
    always, replicas, clusters, several = Need.ALWAYS, Need.REPLICAS, Need.CLUSTERS, Need.SEVERAL
    for layout, has_split_fields, needs in (
        ({"default": {}}, False, {always}),
        ({"default": {}}, True, {always, Need.SPLIT_FIELDS, Need.PARTS}),
        (REPLICATED, False, {always, replicas, several}),
        (SPLIT, False, {always, clusters, several, Need.PARTS}),
        (WHOLE, True, set(Need) - {Need.TESTS}),
    ):
        with project(layout):
            monkeypatch.setattr(running(), "has_split_fields", has_split_fields)
            installed.clear()
            install(running())
            assert installed == [hook for hook in EARLY if hook.needed in needs]
    for layout, is_needed in ((SPLIT, False), (REPLICATED, True)):
        with project(layout):
            monkeypatch.setattr(running(), "is_in_tests", True)
            installed.clear()
            install(running())
            assert any(hook.needed is Need.TESTS for hook in installed) == is_needed
    assert {hook.name for hook in TABLE if hook.needed is replicas} == {
        "BaseDatabaseCreation.clone_test_db",
        "BaseDatabaseCreation.create_test_db",
        "BaseDatabaseCreation.destroy_test_db",
        "BaseDatabaseCreation.set_as_test_mirror",
        "BaseDatabaseWrapper._cursor",
        "BaseDatabaseWrapper.close_if_health_check_failed",
        "BaseDatabaseWrapper.close_if_unusable_or_obsolete",
        "BaseDatabaseWrapper.set_autocommit",
        "CursorWrapper.__getattr__",
        "DatabaseCache.get_many",
        "DatabaseCache.has_key",
        "DatabaseErrorWrapper.__enter__",
        "ForeignKey.validate",
        "Model.from_db",
        "QuerySet.raw",
        "RawQuery._execute_query",
        "RawQuerySet.iterator",
    }


def test_meta_may_name_a_database():
    """In models, in migrations, in changes that makemigrations sees; the default is none."""
    for names in (DEFAULT_NAMES, NAMES_OF_STATE, AlterModelOptions.ALTER_OPTION_KEYS):
        assert list(names).count("using") == 1
    assert type(DEFAULT_NAMES) is tuple
    assert type(AlterModelOptions.ALTER_OPTION_KEYS) is list
    assert Options.using is None
    assert isinstance(vars(models.Model)["using"], property)


def test_a_missing_connection_names_those_that_there_are(project):
    """At the moment it is raised, in words that begin as Django's do."""
    with project({"default": {}, "other": {}}):
        with pytest.raises(MissingConnectionError, match=r"doesn't exist\. .*'default', 'other'"):
            _ = connections["nowhere"]
        assert issubclass(ConnectionHandler.exception_class, MissingConnectionError)


def test_a_missing_connection_is_the_public_error(project):
    """By its name in a traceback, and when it travels to another process."""
    with project({"default": {}, "other": {}}):
        with pytest.raises(MissingConnectionError) as caught:
            _ = connections["nowhere"]
        arrived = pickle.loads(pickle.dumps(caught.value))
        (last,) = traceback.format_exception_only(caught.value)
    assert last.startswith("django_fleet.errors.MissingConnectionError: The connection 'nowhere'")
    assert type(arrived) is MissingConnectionError
    assert str(arrived) == str(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda connection: connection.cursor(),
        lambda connection: connection.ensure_connection(),
        lambda connection: connection.ops.quote_name("a"),
        lambda connection: connection.client.runshell([]),
    ],
)
def test_whatever_asks_an_empty_default_is_told_of_the_others(project, ask):
    """A cursor, a connection, SQL, a shell."""
    with project({"default": None, "main": {}}), pytest.raises(EmptyDefaultError, match="'main'"):
        ask(connections["default"])


@pytest.mark.parametrize("command", [migrate, loaddata, flush, dumpdata])
def test_commands_are_hooked_at_their_handle(command):
    """What a subclass of the user overrides, he overrides."""
    assert is_ours(command.Command.handle)


@pytest.mark.parametrize("attribute", ["db_for_read", "db_for_write"])
def test_django_s_router_is_asked_past_its_loop_until_its_routers_change(
    project, settings, attribute
):
    """The hook steps aside for other routers, and comes back with ours."""
    with project(REPLICATED):
        ask = getattr(router, attribute)
        ask(Tag)
        in_front = vars(router)[attribute]
        assert in_front.__wrapped__ is getattr(ConnectionRouter, attribute)
        assert in_front(Tag) == getattr(ConnectionRouter, attribute)(router, Tag)
        settings.DATABASE_ROUTERS = ["lab.routers.Another"]
        assert getattr(router, attribute)(Tag) == "other"
        settings.DATABASE_ROUTERS = []
        assert getattr(router, attribute)(Tag) == "default"
