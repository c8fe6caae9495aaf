"""``fleet orphans``: its options, its status, and how it is stopped; on SQLite in memory."""

import io
import os
import signal

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command

from django_fleet.errors import (
    CompositeRelationError,
    SearchStateError,
    UnmendableRelationError,
)
from django_fleet.relations import sweep
from lab.commands import fleet_json, run
from lab.family.apart import AWAY, CHILDREN, HERE, PARENTS
from lab.family.models import Child, Number
from lab.fleets import Lab
from lab.shop.models import Author, Book, Novel

FAMILY = ("--model", "family")


@pytest.fixture
def family(project):
    """Ten children, of whom those with an odd key have lost their parent."""
    with project({"default": {}, "parents": {}}, FLEET={"PLACEMENT": AWAY}):
        Lab("sqlite", None).create_tables(ContentType, *PARENTS, *CHILDREN)
        Number.objects.bulk_create(Number(pk=key) for key in range(2, 11, 2))
        Child.objects.bulk_create(Child(pk=key, number_id=key) for key in range(1, 11))
        yield


@pytest.fixture
def interrupt(monkeypatch):
    """Sends this process a signal behind the first chunk of every sweep."""

    def make(number):
        original = sweep.Sweep._visit

        def visit(self, search):
            for place, each in enumerate(original(self, search)):
                yield each
                if place == 0:
                    os.kill(os.getpid(), number)

        monkeypatch.setattr(sweep.Sweep, "_visit", visit)

    return make


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_between_chunks_with_its_state_saved(tmp_path, interrupt, number):
    """And ``--resume`` does the rest; afterwards the signal means what it meant."""
    path, before = tmp_path / "state.json", signal.getsignal(number)
    only = ("--model", "family.Child.number")
    args = (*only, "--fix", "delete", "--chunk", "4", "--state", str(path), "--resume")
    interrupt(number)
    found, error = fleet_json("orphans", *args)
    assert error == "Stopped before the end; --resume goes on there. 0 orphans so far."
    assert not found["finished"]
    assert path.exists()
    assert signal.getsignal(number) is before
    assert set(Child.objects.values_list("pk", flat=True)) == {2, 4, *range(5, 11)}


@pytest.mark.usefixtures("family")
def test_the_state_is_removed_at_the_end(tmp_path):
    """So that ``--resume`` begins anew."""
    path = tmp_path / "state.json"
    for _ in range(2):
        with pytest.raises(CommandError, match="5 orphans are left"):
            run("fleet", "orphans", *FAMILY, "--state", str(path), "--resume", "--chunk", "3")
        assert not path.exists()


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("place", ["missing/state.json", "."])
def test_a_state_that_cannot_be_written_is_refused(tmp_path, place):
    """Before any row is touched, and nothing is left beside it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(CommandError, match=r"^--state '.*' cannot be written: .* Name a file"):
        run("fleet", "orphans", *FAMILY, "--fix", "delete", "--state", str(folder / place))
    assert Child.objects.count() == 10
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


@pytest.mark.usefixtures("family")
def test_a_state_of_another_search_is_refused(tmp_path):
    """Before anything is changed."""
    path = tmp_path / "state.json"
    path.write_text("{}")
    with pytest.raises(SearchStateError):
        run("fleet", "orphans", *FAMILY, "--fix", "delete", "--state", str(path), "--resume")
    assert Child.objects.count() == 10


@pytest.mark.usefixtures("family")
def test_a_watch_begins_again_until_it_is_stopped(monkeypatch):
    """The status is that of the last pass; a rate is kept without being asked for."""
    pauses, rates = [], []
    original = sweep.Sweep.run

    def noted(self):
        rates.append(self.conduct.rate)
        return original(self)

    def wait(self, timeout_s):
        pauses.append(timeout_s)
        return len([each for each in pauses if each == 60]) == 2

    monkeypatch.setattr(sweep.Sweep, "run", noted)
    monkeypatch.setattr(sweep.Stop, "wait", wait)
    text = run("fleet", "orphans", *FAMILY, "--every", "60", "--fix", "delete")
    assert text.count("family.Child.number (default") == 2
    assert rates == [100_000, 100_000]
    run("fleet", "orphans", *FAMILY, "--rate", "7")
    assert rates[-1] == 7


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--resume",), "--resume needs --state"),
        (("--chunk", "0"), "a whole number, 1 or more, not '0'"),
        (("--rate", "-1"), "1 or more"),
        (("--show", "-1"), "0 or more"),
        (("--every", "-1"), "a number of seconds, 0 or more, not '-1'"),
        (("--fix", "all"), "invalid choice"),
    ],
)
def test_options_that_make_no_sense(args, why):
    """They are refused with the reason."""
    with pytest.raises(CommandError, match=why):
        call_command("fleet", "orphans", *args, stdout=io.StringIO())


def test_half_an_object_is_not_deleted(project):
    """Rows of multi-table inheritance apart from each other: named, and left alone."""
    placement = HERE | {"shop.Novel": "parents"}
    with project({"default": {}, "parents": {}}, FLEET={"PLACEMENT": placement}):
        Lab("sqlite", None).create_tables(Author, Book, Novel)
        with pytest.raises(UnmendableRelationError, match="link the two rows of one object"):
            run("fleet", "orphans", "--fix", "delete", "--model", "shop.Novel")
        assert fleet_json("orphans", "--model", "shop.Novel")[1] is None


@pytest.mark.usefixtures("family")
def test_a_composite_key_is_refused_by_name(monkeypatch):
    """With its columns; nothing is read."""
    from django_fleet.relations.boundaries import Boundary

    monkeypatch.setattr(
        Boundary, "targets", property(lambda self: tuple(self.parent._meta.fields[:2]))
    )
    with pytest.raises(CompositeRelationError, match=r"family.Child.number \(id, note\)"):
        run("fleet", "orphans", "--model", "family.Child.number")
