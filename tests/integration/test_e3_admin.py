"""Statements E3 and E4: Django's admin over three databases, its own tables on the third."""

import datetime as dt
import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client, override_settings

from lab.clubs.models import Badge, Club, Meeting, Membership, Person, Remark, Topic
from lab.fleets import statements


@pytest.fixture
def client(clubs_with_contrib):
    """An administrator; the session is in a cookie."""
    with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"):
        someone = Client()
        someone.force_login(User.objects.create_superuser("root", password="root"))
        yield someone


@pytest.fixture
def world(clubs_with_contrib):
    """Three people in two clubs."""
    births = {"Ada": 1990, "Bo": 1991, "Cy": 1991}
    ada, bo, cy = (
        Person.objects.create(pk=pk, name=name, born=dt.date(year, 5, 4))
        for pk, (name, year) in enumerate(births.items(), 1)
    )
    Badge.objects.create(person=bo, number=1)
    Badge.objects.create(person=ada, number=2)
    chess = Club.objects.create(pk=11, name="Chess", leader=ada)
    go = Club.objects.create(pk=12, name="Go")
    board = chess.topics.create(pk=21, name="board")
    go.topics.add(board)
    chess.topics.create(pk=22, name="clocks")
    chess.members.add(ada, through_defaults={"role": "leader"})
    chess.members.add(bo)
    go.members.add(cy)
    Meeting.objects.create(pk=31, club=chess, host=bo, day=dt.date(2026, 1, 2))
    Meeting.objects.create(pk=32, club=go, day=dt.date(2026, 2, 3))
    chess.remarks.create(pk=41, text="good")


def listed(client, path, **query):
    """What a change list shows, in its order."""
    response = client.get(f"/admin/clubs/{path}/", query)
    assert response.status_code == 200, f"{path} {query}: {response.headers}"
    return [str(each) for each in response.context["cl"].result_list]


SHOWN = [
    ("person", {"q": "chess"}, ["Bo", "Ada"]),
    ("person", {"q": "go"}, ["Cy"]),
    ("person", {"q": "chess 2"}, ["Ada"]),
    ("person", {"clubs__id__exact": 12}, ["Cy"]),
    ("person", {"clubs__isnull": "True"}, []),
    ("person", {"clubs__topics__name": "clocks"}, ["Bo", "Ada"]),
    ("person", {"badge__isempty": "1"}, ["Cy"]),
    ("person", {"o": "-1"}, ["Cy", "Bo", "Ada"]),
    ("club", {"q": "cy"}, ["Go"]),
    ("club", {"leader__id__exact": 1}, ["Chess"]),
    ("club", {"leader__isnull": "True"}, ["Go"]),
    ("club", {"topics__id__exact": 21}, ["Chess", "Go"]),
    ("club", {"members__id__exact": 3}, ["Go"]),
    ("meeting", {"q": "ches"}, ["Chess on 2026-01-02"]),
    ("meeting", {"q": "1"}, ["Chess on 2026-01-02"]),
    ("meeting", {"club__topics__id__exact": 22}, ["Chess on 2026-01-02"]),
    ("meeting", {"day__year": 2026, "day__month": 2}, ["Go on 2026-02-03"]),
    ("meeting", {"o": "2"}, ["Chess on 2026-01-02", "Go on 2026-02-03"]),
    ("membership", {}, ["Bo in Chess", "Ada in Chess", "Cy in Go"]),
    ("membership", {"q": "go cy"}, ["Cy in Go"]),
    ("membership", {"club__leader__id__exact": 1}, ["Bo in Chess", "Ada in Chess"]),
    ("membership", {"person__born__year": 1991}, ["Bo in Chess", "Cy in Go"]),
    ("membership", {"person__born__gte": "1991-01-01"}, ["Bo in Chess", "Cy in Go"]),
]
"""A list, what it is asked for, and what it shows."""


def test_e3_change_lists(client, world):
    """Searched, filtered and ordered by columns of other databases."""
    shown = [(path, query, listed(client, path, **query)) for path, query, _ in SHOWN]
    assert shown == SHOWN


def test_e3_filters_offer_what_is_elsewhere(client, world):
    """Choices beside a list: objects and values of other databases."""
    spec = client.get("/admin/clubs/club/").context["cl"].filter_specs
    offered = [sorted(str(label) for _, label in each.lookup_choices) for each in spec]
    assert offered == [["Ada"], ["board", "clocks"], ["Ada", "Bo", "Cy"]]
    spec = client.get("/admin/clubs/person/").context["cl"].filter_specs
    assert sorted(spec[1].lookup_choices) == ["board", "clocks"]


def test_e3_dates_of_another_database_lead_through_a_list(client, world):
    """``date_hierarchy`` over a relation: its years come from where people are."""
    page = client.get("/admin/clubs/membership/").content.decode()
    assert "person__born__year=1990" in page
    assert "person__born__year=1991" in page
    page = client.get("/admin/clubs/membership/?person__born__year=1990").content.decode()
    assert "May 4" in page or "May 1990" in page


def test_e3_a_list_asks_each_database_a_few_times(client, world):
    """``list_select_related`` over a boundary is no statement per row."""

    def asked_about():
        with statements() as asked:
            listed(client, "meeting")
        return len(asked)

    few = asked_about()
    go, cy = Club.objects.get(name="Go"), Person.objects.get(name="Cy")
    Meeting.objects.bulk_create(
        [Meeting(club=go, host=cy, day=dt.date(2026, 3, day)) for day in range(1, 21)]
    )
    assert asked_about() <= few


def test_e3_autocomplete_offers_what_is_elsewhere(client, world):
    """The view behind the field, searched by a third database's column."""
    query = {"app_label": "clubs", "model_name": "membership", "field_name": "person"}
    answer = client.get("/admin/autocomplete/", {**query, "term": "chess"})
    assert [each["text"] for each in json.loads(answer.content)["results"]] == ["Bo", "Ada"]
    query = {"app_label": "clubs", "model_name": "meeting", "field_name": "club", "term": "ada"}
    answer = client.get("/admin/autocomplete/", query)
    assert json.loads(answer.content)["results"] == [{"id": "11", "text": "Chess"}]


def forms_of(prefix, rows=(), initial=0):
    data = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


REMARKS = "clubs-remark-content_type-object_id"


def test_e3_a_form_with_inlines_writes_four_databases_rows(client, world):
    """Added and changed: club, topics, memberships, remarks; the log is on the third."""
    data = {
        "name": "Bridge",
        "leader": 1,
        "topics": [21, 22],
        **forms_of("memberships", [{"person": 2, "role": "guest"}]),
        **forms_of(REMARKS, [{"text": "new"}]),
    }
    response = client.post("/admin/clubs/club/add/", data)
    assert response.status_code == 302, response.context["errors"]
    bridge = Club.objects.get(name="Bridge")
    assert sorted(each.name for each in bridge.topics.all()) == ["board", "clocks"]
    assert [str(each) for each in bridge.memberships.all()] == ["Bo in Bridge"]
    remark = Remark.objects.get(text="new")
    assert remark.about == bridge
    row = bridge.memberships.get()
    data |= {"topics": [22], "leader": ""}
    data |= forms_of(
        "memberships",
        [
            {"id": row.pk, "club": bridge.pk, "person": 3, "role": "guest"},
            {"club": bridge.pk, "person": 1, "role": "x"},
        ],
        initial=1,
    )
    data |= forms_of(REMARKS, [{"id": remark.pk, "text": "new", "DELETE": "on"}], initial=1)
    response = client.post(f"/admin/clubs/club/{bridge.pk}/change/", data)
    assert response.status_code == 302, response.context["errors"]
    found = Club.objects.get(name="Bridge")
    assert (found.leader, [each.name for each in found.topics.all()]) == (None, ["clocks"])
    assert sorted(map(str, found.memberships.all())) == ["Ada in Bridge", "Cy in Bridge"]
    assert not found.remarks.exists()
    log = list(LogEntry.objects.order_by("pk"))
    assert [(each.action_flag, each.object_repr, each.get_edited_object()) for each in log] == [
        (1, "Bridge", found),
        (2, "Bridge", found),
    ]
    assert "Bridge" in client.get("/admin/").content.decode()
    assert client.get(f"/admin/clubs/club/{bridge.pk}/history/").status_code == 200


def test_e3_a_form_refuses_what_is_not_there(client, world):
    """Choices that are limited by another database, and keys of nobody."""
    data = {"name": "Bridge", "leader": 2, **forms_of("memberships"), **forms_of(REMARKS)}
    response = client.post("/admin/clubs/club/add/", data)
    assert "not one of the available choices" in response.content.decode()
    data = {"club": 11, "day": "2026-04-01", "host": 99}
    response = client.post("/admin/clubs/meeting/add/", data)
    assert "not one of the available choices" in response.content.decode()
    data["host"] = 1
    assert client.post("/admin/clubs/meeting/add/", data).status_code == 302


def test_e4_the_confirmation_shows_the_whole_tree(client, world):
    """What goes with a club, on three databases, counted; then it is gone."""
    page = client.get("/admin/clubs/club/11/delete/").content.decode()
    for each in ("Ada in Chess", "Bo in Chess", "Chess on 2026-01-02", "good"):
        assert each in page
    context = client.get("/admin/clubs/club/11/delete/").context
    assert {str(name): count for name, count in context["model_count"]} == {
        "clubs": 1,
        "memberships": 2,
        "meetings": 1,
        "remarks": 1,
        "club-topic relationships": 2,
    }
    assert not context["protected"]
    assert client.post("/admin/clubs/club/11/delete/", {"post": "yes"}).status_code == 302
    assert [each.name for each in Club.objects.all()] == ["Go"]
    assert [str(each) for each in Membership.objects.all()] == ["Cy in Go"]
    assert [str(each) for each in Meeting.objects.all()] == ["Go on 2026-02-03"]
    assert not Remark.objects.exists()
    assert Person.objects.count() == 3
    assert Topic.objects.count() == 2


def test_e4_the_action_deletes_over_databases(client, world):
    """People go with memberships and badges; clubs and meetings stay, without leader and host."""
    data = {"action": "delete_selected", "_selected_action": [1, 2]}
    page = client.post("/admin/clubs/person/", data).content.decode()
    assert "Ada in Chess" in page
    response = client.post("/admin/clubs/person/", {**data, "post": "yes"})
    assert response.status_code == 302
    assert [each.name for each in Person.objects.all()] == ["Cy"]
    assert not Badge.objects.exists()
    assert [str(each) for each in Membership.objects.all()] == ["Cy in Go"]
    assert Club.objects.get(pk=11).leader_id is None
    assert Meeting.objects.get(pk=31).host_id is None
    assert LogEntry.objects.filter(action_flag=3).count() == 2
