"""One pass over relations, on SQLite in memory: what stops it, what it tells, what it looks at again."""

import logging

import pytest

from django_fleet.relations.progress import Progress, begun
from django_fleet.relations.sweep import Conduct, Stop, Sweep
from django_fleet.relations.watched import watched
from django_fleet.signals import orphans_found
from lab.family.apart import AWAY, CHILDREN, PARENTS
from lab.family.models import Child, Number
from lab.fleets import Lab


@pytest.fixture
def family(project):
    """Ten children, of whom those with an odd key have lost their parent."""
    from django.contrib.contenttypes.models import ContentType

    with project({"default": {}, "parents": {}}, FLEET={"PLACEMENT": AWAY}):
        Lab("sqlite", None).create_tables(ContentType, *PARENTS, *CHILDREN)
        Number.objects.bulk_create(Number(pk=key) for key in range(2, 11, 2))
        Child.objects.bulk_create(Child(pk=key, number_id=key) for key in range(1, 11))
        yield


def sweep(*, only="family.Child.number", progress=None, save=lambda _: None, stop=None, **conduct):
    searches = watched([only])
    conduct = Conduct(**conduct)
    return Sweep(
        searches, progress or begun(searches, conduct.fix), conduct, stop=stop or Stop(), save=save
    )


class Pauses(Stop):
    """Notes how long it was waited for, and waits for nothing."""

    def __init__(self):
        super().__init__()
        self.waited = []

    def wait(self, timeout_s):
        self.waited.append(timeout_s)
        return self.is_set()


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("chunk", [1, 3, 5, 10, 11])
def test_every_key_is_asked_for_once(chunk):
    """Whether or not the last chunk is full."""
    made = sweep(chunk=chunk)
    for _ in made.run():
        pass
    (tally,) = made.progress.tallies.values()
    assert (tally.keys, tally.left, tally.mended) == (10, 5, 0)
    assert tally.examples == ["1", "3", "5", "7", "9"]
    assert (made.progress.queue, made.progress.after) == ([], None)


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("fix", ["report", "delete", "null"])
@pytest.mark.parametrize("stop_after", [1, 2, 3, 4])
def test_a_sweep_that_was_stopped_goes_on_where_it_was(tmp_path, fix, stop_after):
    """Between two chunks; together they did what one would have done, and nothing twice."""
    path, stop = tmp_path / "state", Stop()
    first = sweep(fix=fix, chunk=3, stop=stop, save=lambda each: each.save(path))
    asked = []
    for number, _ in enumerate(first.run(), start=1):
        asked.append(first.progress.after)
        if number == stop_after:
            stop.set()
    assert len(asked) == stop_after
    assert first.progress.queue == ["family.Child.number"]
    from django_fleet.relations.progress import resumed

    searches = watched(["family.Child.number"])
    second = sweep(fix=fix, chunk=3, progress=resumed(path, searches, fix))
    for _ in second.run():
        pass
    (tally,) = second.progress.tallies.values()
    assert tally.keys == 10
    assert tally.left + tally.mended == 5
    assert tally.mended == (0 if fix == "report" else 5)
    left = {"report": range(1, 11), "delete": range(2, 11, 2), "null": range(1, 11)}[fix]
    assert set(Child.objects.values_list("pk", flat=True)) == set(left)


@pytest.mark.usefixtures("family")
def test_it_is_saved_before_it_is_told():
    """Whoever stops it then loses nothing."""
    saved = []
    made = sweep(chunk=4, save=lambda each: saved.append((list(each.queue), each.after)))
    told = [(list(made.progress.queue), made.progress.after) for _ in made.run()]
    assert saved == told
    assert saved[-1] == ([], None)


@pytest.mark.usefixtures("family")
def test_a_rate_is_kept_by_pauses():
    """Four keys at one a second take four, what the databases took included; the clock ticks once for that."""
    stop = Pauses()
    clock = iter(range(100))
    made = sweep(chunk=4, rate=1, stop=stop)
    made.clock = lambda: next(clock)
    for _ in made.run():
        pass
    assert stop.waited == [3, 3, 1]


@pytest.mark.usefixtures("family")
def test_without_a_rate_nothing_waits():
    """As fast as the databases answer."""
    stop = Pauses()
    for _ in sweep(chunk=4, stop=stop).run():
        pass
    assert stop.waited == []


@pytest.mark.usefixtures("family")
def test_a_stop_ends_a_pause():
    """Nobody waits for a slow rate to be kept."""
    stop = Stop()
    made = sweep(chunk=4, rate=1, stop=stop)
    for _ in made.run():
        stop.set()
    assert made.progress.after == "4"


@pytest.mark.usefixtures("family")
def test_orphans_are_an_event_and_a_signal(caplog):
    """Once for a relation that has some, when it is done."""
    heard = []

    def listen(sender, boundary, tally, **_):
        heard.append((sender, str(boundary), tally.left))

    orphans_found.connect(listen)
    try:
        with caplog.at_level(logging.WARNING, "django_fleet.relations"):
            for _ in sweep(only="family", chunk=2).run():
                pass
    finally:
        orphans_found.disconnect(listen)
    assert heard == [
        (Child, "family.Child.number (default) -> family.Number (parents)", 5),
    ]
    (record,) = caplog.records
    assert record.message == "orphans_found"
    assert (record.relation, record.left, record.mended) == ("family.Child.number", 5, 0)
    assert (record.child_home, record.parent_home) == ("default", "parents")


@pytest.mark.usefixtures("family")
def test_a_second_visit_counts_what_is_left_anew():
    """What a visit leaves is found by the next one, and is not two rows."""
    name = "family.Child.number"
    made = sweep(progress=Progress("report", [name, name]))
    for _ in made.run():
        pass
    assert made.progress.tallies[name].left == 5


def test_a_pause_ends_when_it_is_over_or_told(monkeypatch):
    """Whoever waits is told which."""
    stop, slept = Stop(), []
    assert stop.wait(0.01) is False
    monkeypatch.setattr("django_fleet.relations.sweep.sleep", lambda _: slept.append(stop.set()))
    assert stop.wait(1000) is True
    assert len(slept) == 1
    assert stop.wait(1000) is True
    assert len(slept) == 1
