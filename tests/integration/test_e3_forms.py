"""Statement E3: forms, formsets and validation, with relations to other databases."""

import datetime as dt

import pytest
from django import forms
from django.contrib.contenttypes.forms import generic_inlineformset_factory
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Q

import django_fleet as fleet
from lab.clubs.layout import TABLES
from lab.clubs.models import Badge, Club, Meeting, Membership, Person, Remark, Room, Topic
from lab.fleets import statements

DAY = dt.date(2026, 5, 4)


@pytest.fixture
def people(clubs):
    Person.objects.bulk_create(
        [Person(pk=pk, name=name) for pk, name in ((1, "Ada"), (2, "Bo"), (3, "Cy"))]
    )
    return list(Person.objects.order_by("pk"))


@pytest.fixture
def chess(people):
    club = Club.objects.create(pk=11, name="Chess")
    club.members.add(people[0], through_defaults={"role": "leader"})
    club.members.add(people[1])
    return club


class ClubForm(forms.ModelForm):
    class Meta:
        model = Club
        fields = ["name", "leader", "topics"]


class MeetingForm(forms.ModelForm):
    class Meta:
        model = Meeting
        fields = ["club", "day", "host"]


class ChoiceForm(forms.Form):
    club = forms.ModelChoiceField(Club.objects.filter(members__name="Ada"))
    people = forms.ModelMultipleChoiceField(
        Person.objects.filter(Q(clubs__name="Chess") | Q(clubs=None)), to_field_name="name"
    )


def offered(form, name):
    return [label for value, label in form.fields[name].choices if value]


def test_e3_model_form_creates_and_changes(chess, people):
    """A foreign key and a many-to-many field whose objects are elsewhere."""
    board, cards = (Topic.objects.create(name=name) for name in ("board", "cards"))
    form = ClubForm({"name": "Go", "leader": people[0].pk, "topics": [board.pk, cards.pk]})
    assert form.is_valid(), form.errors
    go = form.save()
    assert go.leader == people[0]
    assert [each.name for each in go.topics.all()] == ["board", "cards"]
    form = ClubForm({"name": "Go!", "topics": [cards.pk]}, instance=Club.objects.get(name="Go"))
    assert form.initial["leader"] == people[0].pk
    assert {each.name for each in form.initial["topics"]} == {"board", "cards"}
    form.save()
    again = Club.objects.get(name="Go!")
    assert again.leader is None
    assert [each.name for each in again.topics.all()] == ["cards"]


def test_e3_many_to_many_is_saved_later(chess, people):
    """``commit=False`` and ``save_m2m()``."""
    board = Topic.objects.create(name="board")
    form = ClubForm({"name": "Go", "topics": [board.pk]})
    club = form.save(commit=False)
    club.leader = people[2]
    club.save()
    form.save_m2m()
    assert Club.objects.get(topics=board).leader == people[2]


def test_e3_choices_are_limited_by_another_database(chess, people):
    """``limit_choices_to`` over memberships, in the form and in validation."""
    assert offered(ClubForm(), "leader") == ["Ada"]
    form = ClubForm({"name": "Go", "leader": people[1].pk})
    assert not form.is_valid()
    assert "not one of the available choices" in str(form.errors["leader"])
    with pytest.raises(ValidationError, match="not a valid choice"):
        Club(name="Go", leader=people[1]).full_clean()
    Club(name="Go", leader=people[0]).full_clean()


def test_e3_choices_by_querysets_that_cross(chess, people):
    """Shown and validated, one and several, by another key than the primary one."""
    Club.objects.create(name="Go")
    assert offered(ChoiceForm(), "club") == ["Chess"]
    assert offered(ChoiceForm(), "people") == ["Ada", "Bo", "Cy"]
    form = ChoiceForm({"club": chess.pk, "people": ["Ada", "Cy"]})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["club"] == chess
    assert sorted(map(str, form.cleaned_data["people"])) == ["Ada", "Cy"]
    form = ChoiceForm({"club": Club.objects.get(name="Go").pk, "people": ["Nobody"]})
    assert set(form.errors) == {"club", "people"}


def test_e3_unknown_objects_are_refused(chess, people):
    """A foreign key to nothing: by the form, and by ``full_clean``."""
    form = MeetingForm({"club": 999, "day": DAY})
    assert set(form.errors) == {"club"}
    with pytest.raises(ValidationError) as caught:
        Meeting(club_id=999, day=DAY, host_id=998).full_clean()
    assert set(caught.value.message_dict) == {"club", "host"}


def test_e3_unique_together_with_a_remote_column(chess, people):
    """Form and ``validate_unique`` ask the database of the model itself."""
    Meeting.objects.create(club=chess, day=DAY)
    form = MeetingForm({"club": chess.pk, "day": DAY})
    assert "Meeting with this Club and Day already exists." in str(form.errors)
    with pytest.raises(ValidationError, match="already exists"):
        Meeting(club=chess, day=DAY).validate_unique()
    Meeting.objects.get().full_clean()
    with pytest.raises(ValidationError, match="already exists"):
        Badge.objects.create(person=people[0], number=1)
        Badge(person=people[0], number=2).validate_unique()
    with pytest.raises(ValidationError, match="already exists"):
        Room.objects.create(club=chess)
        Room(club=chess).full_clean()


def test_e3_constraints_with_remote_columns(chess, people):
    """``validate_constraints``, also as a part of ``full_clean``."""
    twice = Membership(club=chess, person=people[0])
    with pytest.raises(ValidationError, match="already exists"):
        twice.validate_constraints()
    with pytest.raises(ValidationError, match="clubs_membership_has_a_role"):
        Membership(club=chess, person=people[2], role="").validate_constraints()
    Membership(club=chess, person=people[2]).full_clean()


def test_e3_inline_formset_of_children_elsewhere(chess, people):
    """The parent is on one database, the children on another: added, changed, deleted in one go."""
    formset_of = forms.inlineformset_factory(Club, Membership, fields=["person", "role"], extra=1)
    rows = {each.person_id: each for each in chess.memberships.all()}
    data = {
        "memberships-TOTAL_FORMS": 3,
        "memberships-INITIAL_FORMS": 2,
        "memberships-0-id": rows[1].pk,
        "memberships-0-person": 1,
        "memberships-0-role": "guest",
        "memberships-1-id": rows[2].pk,
        "memberships-1-person": 2,
        "memberships-1-role": "member",
        "memberships-1-DELETE": "on",
        "memberships-2-person": 3,
        "memberships-2-role": "new",
    }
    formset = formset_of(data, instance=chess, queryset=chess.memberships.order_by("pk"))
    assert formset.is_valid(), formset.errors
    formset.save()
    found = chess.memberships.values_list("person__name", "role")
    assert sorted(found) == [("Ada", "guest"), ("Cy", "new")]
    data = {
        "memberships-TOTAL_FORMS": 2,
        "memberships-INITIAL_FORMS": 0,
        "memberships-0-person": 2,
        "memberships-0-role": "a",
        "memberships-1-person": 2,
        "memberships-1-role": "b",
    }
    formset = formset_of(data, instance=chess, queryset=chess.memberships.none())
    assert not formset.is_valid()
    assert "duplicate" in str(formset.non_form_errors())


def test_e3_inline_formset_with_a_new_parent(chess, people):
    """Parent and children are saved for the first time."""
    formset_of = forms.inlineformset_factory(Club, Meeting, fields=["day", "host"], extra=1)
    form = ClubForm({"name": "Go"})
    data = {"meetings-TOTAL_FORMS": 1, "meetings-INITIAL_FORMS": 0}
    formset = formset_of({**data, "meetings-0-day": DAY, "meetings-0-host": 3})
    assert form.is_valid()
    assert formset.is_valid()
    formset.instance = form.save()
    formset.save()
    assert Meeting.objects.get().club.name == "Go"
    assert Meeting.objects.get().host == people[2]


def test_e3_inline_formset_under_a_key_of_another_database(chess):
    """A one-to-one child whose key is its parent's."""
    formset_of = forms.inlineformset_factory(Club, Room, fields=["floor"])
    data = {"room-TOTAL_FORMS": 1, "room-INITIAL_FORMS": 0, "room-0-floor": 3}
    formset = formset_of(data, instance=chess)
    assert formset.is_valid(), formset.errors
    formset.save()
    assert Club.objects.get().room.floor == 3


def test_e3_model_formset_over_a_query_that_crosses(chess, people):
    """Its forms are found by a column of another database."""
    formset_of = forms.modelformset_factory(Membership, fields=["role"], extra=0)
    queryset = Membership.objects.filter(person__name="Ada").order_by("person__name")
    row = queryset.get()
    data = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": row.pk}
    formset = formset_of({**data, "form-0-role": "head"}, queryset=queryset)
    assert formset.is_valid(), formset.errors
    formset.save()
    assert Membership.objects.get(pk=row.pk).role == "head"


def test_e3_generic_inline_formset(chess):
    """Remarks on a club: the object, its content type and the remark are on three databases."""
    formset_of = generic_inlineformset_factory(Remark, fields=["text"], extra=1)
    prefix = formset_of.get_default_prefix()
    data = {f"{prefix}-TOTAL_FORMS": 1, f"{prefix}-INITIAL_FORMS": 0, f"{prefix}-0-text": "good"}
    formset = formset_of(data, instance=chess)
    assert formset.is_valid(), formset.errors
    formset.save()
    assert Remark.objects.get().about == chess
    assert [each.initial["text"] for each in formset_of(instance=chess).initial_forms] == ["good"]


@pytest.fixture
def behind(lab):
    """Clubs on one cluster, people on another; replicas of both show nothing new."""
    layout = {
        "default": {},
        "replica": {"REPLICA_OF": "default"},
        "people": {},
        "people-replica": {"REPLICA_OF": "people"},
    }
    with lab.fleet(layout, PLACEMENT={"clubs.Person": "people"}, CONSISTENCY="eventual"):
        lab.create_tables(*TABLES)
        replicas = lab.servers.replicas
        for replica in replicas:
            replica.pause_replay()
        try:
            yield lab
        finally:
            for replica in replicas:
                replica.resume_replay()


def test_e3_validation_reads_the_primaries(behind):
    """Whether the other end is there, whether it may be chosen, and what must be unique: no replica is asked."""
    with fleet.unit_of_work():
        ada = Person.objects.create(name="Ada")
        chess = Club.objects.create(name="Chess")
        Membership.objects.create(person=ada, club=chess, role="leader")
        Meeting.objects.create(club=chess, day=DAY)
    with fleet.unit_of_work(), statements() as asked:
        assert not Person.objects.exists(), "the replica lags"
        asked.clear()
        Club(name="Go", leader_id=ada.pk).full_clean()
        with pytest.raises(ValidationError, match="already exists"):
            Person(name="Ada").full_clean()
        with pytest.raises(ValidationError, match="already exists"):
            Meeting(club_id=chess.pk, day=DAY).full_clean()
        with pytest.raises(ValidationError, match="already exists"):
            Membership(club_id=chess.pk, person_id=ada.pk).full_clean()


def test_e3_an_object_for_another_database_is_validated_there(clubs):
    """``using=`` sends it there, so that is where it must be unique, and its parents be."""
    with connections["default"].schema_editor() as editor:
        editor.create_model(Person)
    Person.objects.create(name="Ada")
    Person(name="Ada", using="default").full_clean()
    Person.objects.using("default").create(name="Bo")
    Person(name="Bo").full_clean()
    with pytest.raises(ValidationError, match="already exists"):
        Person(name="Bo", using="default").full_clean()
    with pytest.raises(ValidationError, match="already exists"):
        Person(name="Ada", using="people").full_clean()
