"""Statements B4 and E3: fixtures and serializers, by keys and natural keys, over two databases and more."""

import datetime as dt
import json

import pytest
from django.core import serializers
from django.core.management import call_command
from django.core.serializers.base import DeserializationError

from lab.clubs.layout import PEOPLE, PLACEMENT
from lab.clubs.models import Badge, Club, Meeting, Membership, Person, Remark, Room, Topic
from lab.commands import run

ALIASES = ("default", PEOPLE, "third")
MODELS = (Person, Topic, Club, Membership, Badge, Room, Meeting, Remark)
"""What is referred to comes first."""


@pytest.fixture
def world(clubs):
    ada, bo = (Person.objects.create(pk=pk, name=name) for pk, name in ((1, "Ada"), (2, "Bö")))
    chess = Club.objects.create(pk=11, name="Chess", leader=bo)
    board = Topic.objects.create(pk=21, name="board")
    chess.topics.add(board)
    chess.members.add(ada, bo)
    Badge.objects.create(pk=51, person=ada, number=7)
    Room.objects.create(club=chess, floor=2)
    Meeting.objects.create(pk=31, club=chess, host=ada, day=dt.date(2026, 1, 2))
    chess.remarks.create(pk=41, text="good")


def facts():
    """What the rows say, whatever their keys."""
    return {
        "clubs": [
            (
                each.name,
                str(each.leader),
                sorted(str(topic) for topic in each.topics.all()),
                sorted(str(person) for person in each.members.all()),
                [str(remark) for remark in each.remarks.all()],
                [room.floor for room in Room.objects.filter(club=each)],
            )
            for each in Club.objects.all()
        ],
        "people": [
            (each.name, sorted(map(str, each.friends.all()))) for each in Person.objects.all()
        ],
        "badges": [(str(each), str(each.person)) for each in Badge.objects.all()],
        "meetings": [(str(each), str(each.host)) for each in Meeting.objects.all()],
    }


def empty():
    for model in reversed(MODELS):
        model.objects.all().delete()
    assert not any(model.objects.exists() for model in MODELS)


@pytest.mark.parametrize("form", ["json", "xml", "jsonl"])
@pytest.mark.parametrize("natural", [False, True])
def test_e3_objects_are_serialized_and_come_back(world, form, natural):
    """All objects in one text; each is saved to its home again."""
    before = facts()
    everything = [each for model in MODELS for each in model.objects.all()]
    text = serializers.serialize(
        form, everything, use_natural_foreign_keys=natural, use_natural_primary_keys=natural
    )
    empty()
    for each in serializers.deserialize(form, text):
        each.save()
    after = facts()
    if natural:  # what refers to a club by its number does not know the new one
        before["clubs"] = [row[:3] for row in before["clubs"]]
        after["clubs"] = [row[:3] for row in after["clubs"]]
    assert after == before
    assert all(
        each._state.db == PLACEMENT.get(each._meta.label, "default")
        for model in MODELS
        for each in model.objects.all()
    )


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("natural", [False, True])
def test_b4_dumpdata_and_loaddata_database_by_database(world, form, natural, tmp_path):
    """Each command works on one database; together they bring all of it back, in any order."""
    ada, bo = Person.objects.order_by("name")
    ada.friends.add(bo)
    before = facts()
    files = {alias: tmp_path / f"{alias}.{form}" for alias in ALIASES}
    for alias, path in files.items():
        run(
            "dumpdata",
            "clubs",
            database=alias,
            output=str(path),
            format=form,
            use_natural_foreign_keys=natural,
            verbosity=0,
        )
    assert "Ada" in files[PEOPLE].read_text()
    assert "Chess" in files["default"].read_text()
    empty()
    for alias in (PEOPLE, "default", "third"):
        call_command("loaddata", str(files[alias]), database=alias, verbosity=0)
    assert facts() == before


def test_b4_dumpdata_of_one_database_has_its_models_only(world):
    """A model that lives elsewhere is not in it; its keys are."""
    dumped = json.loads(run("dumpdata", "clubs", database="third", verbosity=0))
    assert {each["model"] for each in dumped} == {"clubs.membership", "clubs.meeting"}
    natural = json.loads(
        run("dumpdata", "clubs", database="third", use_natural_foreign_keys=True, verbosity=0)
    )
    found = next(each for each in natural if each["model"] == "clubs.meeting")
    assert found["fields"]["club"] == ["Chess"]
    assert found["fields"]["host"] == ["Ada"]


def test_e3_natural_keys_find_objects_elsewhere(world):
    """Foreign keys and many-to-many fields; who is not there is an error that names the value."""
    text = json.dumps(
        [
            {
                "model": "clubs.club",
                "fields": {"name": "Go", "leader": ["Ada"], "topics": [["board"]]},
            }
        ]
    )
    for each in serializers.deserialize("json", text):
        each.save()
    go = Club.objects.get(name="Go")
    assert go.leader.name == "Ada"
    assert [each.name for each in go.topics.all()] == ["board"]
    with pytest.raises(DeserializationError, match="Nobody"):
        list(serializers.deserialize("json", text.replace("Ada", "Nobody")))


def test_e3_a_natural_key_may_come_later(clubs):
    """``handle_forward_references``: the club is read before its leader is there."""
    text = json.dumps(
        [
            {
                "model": "clubs.club",
                "fields": {"name": "Go", "leader": ["Ada"], "topics": [["board"]]},
            },
            {"model": "clubs.person", "fields": {"name": "Ada", "born": None}},
            {"model": "clubs.topic", "fields": {"name": "board"}},
        ]
    )
    found = list(serializers.deserialize("json", text, handle_forward_references=True))
    for each in found:
        each.save()
    for each in found:
        if each.deferred_fields is not None:
            each.save_deferred_fields()
    go = Club.objects.get()
    assert (go.leader.name, [each.name for each in go.topics.all()]) == ("Ada", ["board"])
