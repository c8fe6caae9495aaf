"""Django's four methods, on what the settings say; nothing is connected to."""

import pytest
from django.db import router as django_router

from django_fleet.blocks import Block
from django_fleet.context import unit
from django_fleet.routing.installed import installed_router
from django_fleet.routing.router import Router
from django_fleet.routing.running import running
from lab.crm.models import Call, Customer
from lab.reports.models import Report, ReportProxy
from lab.shop.models import Author, Book, Novel, ShortBook, Tag

LAYOUT = {
    "default": {},
    "replica": {"REPLICA_OF": "default"},
    "calls": {},
    "analytics": {},
    "spare": {},
}
FLEET = {"PLACEMENT": {"crm.Call": "calls"}}


class Says:
    """A router of the user that says what a test tells it to."""

    answers = {}
    asked = []

    def _answer(self, action, **hints):
        self.asked.append((action, hints))
        return self.answers.get(action)

    def db_for_read(self, model, **hints):
        return self._answer("db_for_read", **hints)

    def db_for_write(self, model, **hints):
        return self._answer("db_for_write", **hints)

    def allow_relation(self, obj1, obj2, **hints):
        return self._answer("allow_relation", **hints)

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return self._answer("allow_migrate", model_name=model_name)


class SaysNothing:
    """A router without any of the methods."""


@pytest.fixture
def ours(project):
    """Our router in a project with a placement, a ``Meta.using``, a replica and a spare database."""
    with project(LAYOUT, FLEET=FLEET):
        yield installed_router()


@pytest.fixture
def says(project):
    """The answers of the user's router, in the same project."""
    Says.answers, Says.asked = {}, []
    routers = ["django_fleet.Router", f"{__name__}.SaysNothing", f"{__name__}.Says"]
    with project(LAYOUT, FLEET=FLEET, routers=routers):
        yield Says


def on(model, alias):
    instance = model()
    instance._state.db = alias
    return instance


# -- Reads and writes


@pytest.mark.parametrize(
    ("model", "read", "write"),
    [
        (Tag, "replica", "default"),
        (Call, "calls", "calls"),
        (Customer, "replica", "default"),
        (Report, "analytics", "analytics"),
        (ReportProxy, "analytics", "analytics"),
    ],
)
def test_where_a_model_is_read_and_written(ours, model, read, write):
    """The second time, too, when the short way answers."""
    for _ in range(2):
        assert ours.db_for_read(model) == read
        assert ours.db_for_write(model) == write


def test_an_offline_replica_is_not_asked(ours):
    """The unit of work looks for another one; there is none."""
    assert ours.db_for_read(Tag) == "replica"
    running().nodes.went_offline("replica", OSError("away"))
    assert ours.db_for_read(Tag) == "default"
    assert ours.decide_read(Tag).node_reason == "no replica can be asked now"


def test_the_home_does_not_depend_on_blocks(ours):
    """It is what commands and checks ask for."""
    with Block(using="spare"):
        assert ours.decide_home(Tag).alias == "default"
        assert ours.decide_write(Tag).alias == "spare"


def test_an_object_stays_where_it_came_from(ours):
    """A related model only where its table can be."""
    assert ours.db_for_write(Tag, instance=on(Tag, "spare")) == "spare"
    assert ours.db_for_write(Author, instance=on(Tag, "spare")) == "spare"
    assert ours.db_for_write(ShortBook, instance=on(Book, "analytics")) == "analytics"
    assert ours.db_for_write(Call, instance=on(Tag, "spare")) == "calls"
    assert ours.db_for_write(Report, instance=on(Tag, "default")) == "analytics"
    assert ours.db_for_write(Tag, instance=Tag()) == "default"


def test_an_object_of_a_replica_s_cluster_may_be_read_from_a_replica(ours):
    """And from the primary after a write."""
    assert ours.db_for_read(Tag, instance=on(Tag, "default")) == "replica"
    unit().wrote("default")
    assert ours.db_for_read(Tag, instance=on(Tag, "default")) == "default"


def test_the_user_s_routers_are_asked_with_their_hints(says):
    """Those that have the method, in order; the first opinion counts."""
    instance = on(Tag, "default")
    says.answers = {"db_for_read": "spare"}
    assert django_router.db_for_read(Tag, instance=instance, other=7) == "spare"
    assert says.asked == [("db_for_read", {"instance": instance, "other": 7})]
    assert installed_router().decide_read(Tag).home_reason == f"router {__name__}.Says"


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_router_without_an_opinion_leaves_it_to_placement(says, nothing):
    """``None`` and the empty alias, as Django takes them."""
    says.answers = {"db_for_write": nothing}
    assert django_router.db_for_write(Call) == "calls"


def test_only_routers_after_ours_are_ours_to_ask(project):
    """Django asks those before it itself."""
    routers = ["lab.routers.Another", "django_fleet.Router", "lab.routers.AppRouter"]
    with project(LAYOUT, routers=routers):
        assert [type(other).__name__ for other in installed_router().others] == ["AppRouter"]
        assert Router().others == ()


# -- Relations


@pytest.mark.parametrize(
    ("first", "second", "allowed"),
    [
        (on(Tag, "default"), on(Book, "default"), True),
        (on(Tag, "default"), on(Book, "replica"), True),
        (Tag(), Book(), True),
        (on(Tag, "default"), on(Book, "spare"), None),
        (on(Tag, "default"), Book(), True),
        (on(Tag, "default"), on(Call, "calls"), True),
        (on(Report, "analytics"), on(Tag, "default"), True),
    ],
)
def test_relations_within_a_cluster_and_between_placed_models(ours, first, second, allowed):
    """Between others there is no opinion, and Django refuses."""
    assert ours.allow_relation(first, second) is allowed


@pytest.mark.parametrize("answer", [True, False])
def test_the_user_s_router_decides_on_relations(says, answer):
    """Also with a no."""
    says.answers = {"allow_relation": answer}
    assert installed_router().allow_relation(on(Tag, "default"), on(Book, "default")) is answer


# -- Migrations


@pytest.mark.parametrize(
    ("model", "allowed"),
    [
        (Call, {"calls"}),
        (Report, {"analytics"}),
        (Tag, {"default", "spare"}),
        (Novel, {"default", "spare"}),
        (Book.tags.through, {"default", "spare"}),
    ],
)
def test_where_a_table_may_be(ours, model, allowed):
    """A placed one at its home; others anywhere but on replicas and dedicated databases."""
    opts = model._meta
    found = {
        db for db in LAYOUT if ours.allow_migrate(db, opts.app_label, model=model) is not False
    }
    by_name = {
        db
        for db in LAYOUT
        if ours.allow_migrate(db, opts.app_label, model_name=opts.model_name) is not False
    }
    assert found == by_name == allowed


@pytest.mark.parametrize(
    ("app_label", "allowed"),
    [
        ("crm", {"default", "calls", "spare"}),
        ("reports", {"analytics"}),
        ("shop", {"default", "spare"}),
        ("messages", {"default", "spare"}),
        ("not_installed", {"default", "spare"}),
    ],
)
def test_where_an_operation_of_an_app_may_run(ours, app_label, allowed):
    """RunPython and RunSQL follow the homes of the app's models."""
    found = {db for db in LAYOUT if ours.allow_migrate(db, app_label) is not False}
    assert found == allowed


def test_an_app_without_models_follows_its_label(project):
    """Such as one that is no longer installed."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"gone": "calls", "messages": "spare"}}):
        ours = installed_router()
        for app_label, home in (("gone", "calls"), ("messages", "spare")):
            assert [db for db in LAYOUT if ours.allow_migrate(db, app_label)] == [home]


def test_a_model_that_is_gone_is_judged_by_its_app(ours):
    """Its name alone says nothing."""
    assert ours.allow_migrate("analytics", "reports", model_name="gone") is True
    assert ours.allow_migrate("default", "reports", model_name="gone") is False


@pytest.mark.parametrize("answer", [True, False])
def test_the_user_s_router_decides_on_migrations(says, answer):
    """But on a replica nobody decides."""
    says.answers = {"allow_migrate": answer}
    assert installed_router().allow_migrate("calls", "shop", model_name="tag") is answer
    assert says.asked == [("allow_migrate", {"model_name": "tag"})]
    assert installed_router().allow_migrate("replica", "shop", model_name="tag") is False
    assert len(says.asked) == 1
