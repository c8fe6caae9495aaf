"""Statement E6 in management commands: one unit of work, from the first query to the end."""

import pytest
from django.core.management import BaseCommand, call_command

import django_fleet as fleet
from django_fleet.context import UNIT
from django_fleet.routing.running import running
from lab.shop.models import Tag
from lab.stale import standing_still


@pytest.fixture
def replicated(lab):
    """A primary and a replica with one row, which stands still."""
    with standing_still(lab):
        yield lab


class Command(BaseCommand):
    """Does what the test wants, and says what was read."""

    def __init__(self, work):
        super().__init__()
        self.work = work

    def handle(self, **_options):
        self.found = list(self.work())


def command(work):
    made = Command(work)
    call_command(made)
    return made.found


def read():
    return Tag.objects.all().db, Tag.objects.count()


def catch_up(lab):
    lab.servers.replicas[0].resume_replay()
    lab.catch_up()
    work = UNIT.get()
    work.behind.clear()  # no need to wait until it asks again


def test_e6_a_command_sees_what_it_wrote(replicated):
    """From the primary while the replica is behind, then from the replica; after each of its writes."""

    def work():
        yield read()
        for number in range(2):
            Tag.objects.create(name=f"new {number}")
            yield read()
            yield read()
            catch_up(replicated)
            yield read()
            replicated.servers.replicas[0].pause_replay()

    expected = [("replica", 1)]
    for rows in (2, 3):
        expected += [("default", rows), ("default", rows), ("replica", rows)]
    assert command(work) == expected


def test_e6_a_round_of_a_command_does_not_wait_for_another(replicated):
    """``unit_of_work()`` in its loop: a round that wrote nothing reads the replica, however old."""

    def work():
        with fleet.unit_of_work():
            Tag.objects.create(name="new")
            yield read()
        with fleet.unit_of_work():
            yield read()

    assert command(work) == [("default", 2), ("replica", 1)]


def test_e6_a_command_called_in_a_unit_of_work_belongs_to_it(replicated):
    """What it wrote, the caller sees, and the other way round."""
    with fleet.unit_of_work():
        Tag.objects.create(name="new")
        assert command(lambda: [read()]) == [("default", 2)]
    with fleet.unit_of_work():
        command(lambda: [Tag.objects.create(name="newer")])
        assert read() == ("default", 3)


def test_e6_a_command_asks_only_after_it_was_at_the_primary(replicated, monkeypatch):
    """After its writes, and after a read that only the primary could answer; then never again."""
    asked = []
    selection = running().selection
    learn = type(selection).learn

    def noted(self, work, primary):
        asked.append(primary)
        return learn(self, work, primary)

    monkeypatch.setattr(type(selection), "learn", noted)

    def work():
        Tag.objects.create(name="new")
        Tag.objects.create(name="newer")
        yield read()
        catch_up(replicated)
        for _ in range(5):
            yield read()

    assert command(work) == [("default", 3), *[("replica", 3)] * 5]
    assert asked == ["default"] * 2
