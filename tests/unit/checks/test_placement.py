"""Homes that contradict each other; no database is asked."""

import pytest
from django.core.checks import ERROR

from django_fleet.checks.placement import check_homes, check_placement
from lab.reports.models import Report
from lab.shop.models import Novel, ShortBook, Tag

LAYOUT = {"default": {}, "other": {}, "copy": {"REPLICA_OF": "other"}, "analytics": {}}


def messages(check):
    return {(message.id, message.obj) for message in check()}


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        ({}, set()),
        ({"shop": "other", "shop.Tag": "default", "SHOP.book": "other"}, set()),
        ({"django_cache": "other"}, set()),
        ({"shop": "nowhere"}, {"fleet.E005"}),
        ({"shop": ""}, {"fleet.E005"}),
        ({"shop": "copy"}, {"fleet.E006"}),
        ({"nothing": "other"}, {"fleet.W002"}),
        ({"shop.Nothing": "other"}, {"fleet.W002"}),
        ({"": "other"}, {"fleet.W002"}),
        ({"nothing": "nowhere"}, {"fleet.W002", "fleet.E005"}),
        ({"shop.Tag": "other", "shop.tag": "other"}, {"fleet.E007"}),
    ],
)
def test_what_is_said_of_the_setting(project, placement, expected):
    """Each entry names something installed, a primary, and that once."""
    with project(LAYOUT, FLEET={"PLACEMENT": placement}):
        found = check_placement()
    assert {message.id for message in found} == expected
    assert all(message.hint for message in found)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("eventual", set()),
        ({"*": "strong", "shop": "eventual", "shop.Tag": "session"}, set()),
        ({"nothing": "eventual"}, {"fleet.W010"}),
        ({"shop.Nothing": "eventual"}, {"fleet.W010"}),
    ],
)
def test_what_is_said_of_the_levels_of_models(project, said, expected):
    """A label that names nothing."""
    with project(LAYOUT, FLEET={"CONSISTENCY": said}):
        assert {each.id for each in check_placement()} == expected


def test_a_replica_is_reported_with_its_primary(project):
    """The remedy is to name it."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop": "copy"}}):
        (message,) = check_placement()
    assert "FLEET[\"PLACEMENT\"][\"shop\"] names 'copy', a replica of 'other'" in message.msg
    assert message.hint.startswith("Name the primary, 'other'")


def test_homes_that_agree_are_not_reported(project):
    """Placed children, proxies and through tables go along."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop": "other", "shop.ShortBook": "other"}}):
        assert check_homes() == []


def test_meta_using_must_exist(project):
    """It is reported for each model that it counts for."""
    with project({"default": {}}):
        found = messages(check_homes)
    assert ("fleet.E008", Report) in found
    assert {each for each, _ in found} == {"fleet.E008"}


def test_meta_using_that_a_setting_overrides_does_not_count(project):
    """The one who deploys decides."""
    with project({"default": {}}, FLEET={"PLACEMENT": {"reports": "default"}}):
        assert "fleet.E008" not in {each for each, _ in messages(check_homes)}


def test_a_model_without_a_home_is_reported(project):
    """Where default is empty; the message is the one that a query would get."""
    with project({"default": None, "other": {}, "analytics": {}}):
        found = {message.obj: message for message in check_homes()}
    assert found[Tag].id == "fleet.E009"
    assert "shop.Tag lives on no database" in found[Tag].msg
    assert Report not in found


def test_a_child_and_its_parent_have_one_home(project):
    """Both are named."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop.Novel": "other"}}):
        (message,) = check_homes()
    assert (message.id, message.obj) == ("fleet.E010", Novel)
    assert "shop.Novel lives on 'other', but its parent shop.Book lives on 'default'" in message.msg


@pytest.mark.parametrize("label", ["shop.ShortBook", "shop.shortbook", "shop.Book_tags"])
def test_what_has_no_table_of_its_own_has_no_home_of_its_own(project, label):
    """A proxy or a through table, however its label is spelt."""
    with project(LAYOUT, FLEET={"PLACEMENT": {label: "other"}}):
        (message,) = check_homes()
    assert message.id == "fleet.E011"
    assert "its rows are those of shop.Book, which lives on 'default'" in message.msg


def test_a_proxy_that_is_placed_where_its_table_is_is_fine(project):
    """Also by the replica's name: it stands for its primary."""
    placement = {"shop.Book": "other", "shop.Novel": "other", "shop.ShortBook": "copy"}
    with project(LAYOUT, FLEET={"PLACEMENT": placement}):
        assert check_homes() == []


def test_a_router_that_contradicts_is_reported(project):
    """Both homes, and who is obeyed."""
    routers = ["django_fleet.Router", "lab.routers.Another"]
    with project(LAYOUT, routers=routers, FLEET={"PLACEMENT": {"shop.Tag": "analytics"}}):
        (message,) = check_homes()
    assert (message.id, message.obj) == ("fleet.E012", Tag)
    assert "router lab.routers.Another says 'other'" in message.msg
    assert 'FLEET["PLACEMENT"]["shop.Tag"] says \'analytics\'' in message.msg


def test_a_router_that_names_an_unknown_database_is_reported(project):
    """For each model that it answers about."""
    routers = ["django_fleet.Router", "lab.routers.WrongAlias"]
    with project(LAYOUT, routers=routers):
        found = check_homes()
    assert {message.id for message in found} == {"fleet.E013"}
    assert ShortBook not in {message.obj for message in found}


def test_without_our_router_routing_is_not_asked(project):
    """What the settings say among themselves is checked all the same."""
    with project({"default": None, "other": {}, "analytics": {}}, routers=()):
        assert check_homes() == []
    with project(LAYOUT, routers=(), FLEET={"PLACEMENT": {"shop.Novel": "other"}}):
        assert {message.id for message in check_homes()} == {"fleet.E010"}


def test_a_contradiction_is_an_error(project):
    """It stops ``manage.py migrate`` and ``runserver``."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop.Novel": "other", "shop.ShortBook": "other"}}):
        assert {message.level for message in check_homes()} == {ERROR}
