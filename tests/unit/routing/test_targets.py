"""Which databases a command may be pointed at."""

import pytest

from django_fleet.errors import CommandTargetError
from django_fleet.routing.running import running
from django_fleet.routing.targets import check_read_target, check_write_target

LAYOUT = {"default": None, "main": {}, "copy": {"REPLICA_OF": "main"}, "archive": {}}


@pytest.fixture(autouse=True)
def fleet(project):
    """An empty default, two primaries and a replica."""
    with project(LAYOUT):
        yield


@pytest.mark.parametrize("alias", ["main", "archive"])
def test_a_primary_takes_every_command(alias):
    """Nothing is raised."""
    check_read_target(running(), alias)
    check_write_target(running(), alias)


def test_a_replica_takes_commands_that_read():
    """It repeats what the primary holds."""
    check_read_target(running(), "copy")


def test_a_replica_takes_no_command_that_writes():
    """The primary is named, as it is to be written."""
    with pytest.raises(CommandTargetError) as caught:
        check_write_target(running(), "copy")
    assert "'copy' is a replica of 'main'" in str(caught.value)
    assert "--database=main" in str(caught.value)
    assert "Nothing was touched." in str(caught.value)


@pytest.mark.parametrize("check", [check_read_target, check_write_target])
def test_an_empty_default_takes_none(check):
    """The primaries are named, replicas are not."""
    with pytest.raises(CommandTargetError) as caught:
        check(running(), "default")
    assert "DATABASES['default'] is empty" in str(caught.value)
    assert "one of 'archive', 'main'. Nothing was touched." in str(caught.value)


def test_an_unknown_alias_is_for_django_to_refuse():
    """Its own parser knows the choices."""
    check_write_target(running(), "nowhere")
