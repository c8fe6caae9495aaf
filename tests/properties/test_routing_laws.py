"""The laws of routing: the short way equals the rules; no write goes to a replica; answers are stable."""

from contextlib import ExitStack

import pytest
from django.db import router, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_fleet.blocks import Block, UnitBlock
from django_fleet.errors import FleetError
from django_fleet.routing.installed import installed_router
from django_fleet.routing.running import running
from lab.crm.models import Customer
from lab.fleets import Lab
from lab.reports.models import Report
from lab.shop.models import Book, Tag

SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
LAYOUT = {
    "default": None,
    "near": "default",
    "far": "default",
    "analytics": None,
    "legacy": None,
    "legacy-copy": "legacy",
}
PRIMARIES = [alias for alias, primary in LAYOUT.items() if primary is None]
REPLICAS = [alias for alias, primary in LAYOUT.items() if primary]

situations = st.fixed_dictionaries(
    {
        "model": st.sampled_from([Tag, Book, Report, Customer]),
        "of": st.sampled_from([None, Tag, Customer]),
        "instance_db": st.sampled_from([None, *LAYOUT]),
        "using": st.sampled_from([None, None, *LAYOUT]),
        "consistency": st.sampled_from([None, "eventual", "session", "strong"]),
        "written": st.sets(st.sampled_from(PRIMARIES)),
        "offline": st.sets(st.sampled_from(REPLICAS)),
        "open": st.sampled_from([None, *PRIMARIES]),
    }
)


@pytest.fixture(scope="module", params=["session", "eventual", "strong"])
def project(request, django_db_blocker):
    """A project with two replicated clusters and one without replicas, under each policy."""
    entries = {
        alias: {**SQLITE, **({"REPLICA_OF": primary} if primary else {})}
        for alias, primary in LAYOUT.items()
    }
    policy = {"PLACEMENT": {"crm": "legacy"}, "CONSISTENCY": request.param}
    with django_db_blocker.unblock(), Lab("sqlite", None).project(entries, FLEET=policy):
        yield request.param


def arrange(stack, situation):
    """Puts the ambient state in place; gives the hints of the question."""
    work = stack.enter_context(UnitBlock())
    work.written.update(situation["written"])
    for name in ("using", "consistency"):
        if situation[name] is not None:
            stack.enter_context(Block(**{name: situation[name]}))
    nodes = running().nodes
    for alias in situation["offline"]:
        nodes.went_offline(alias, OSError("away"))
    stack.callback(nodes.offline.clear)
    if situation["open"] is not None:
        stack.enter_context(transaction.atomic(using=situation["open"]))
    if situation["of"] is None:
        return {}
    instance = situation["of"]()
    instance._state.db = situation["instance_db"]
    return {"instance": instance}


def answer(ask, *args, **hints):
    """What a question comes to: an alias, or the kind of the refusal."""
    try:
        return ask(*args, **hints)
    except FleetError as error:
        return type(error)


@settings(
    max_examples=700, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(situation=situations)
def test_the_short_way_equals_the_rules(project, situation):
    """In every situation the cached answers are those of the rules, for reads and writes."""
    with ExitStack() as stack:
        hints = arrange(stack, situation)
        ours = installed_router()
        model = situation["model"]
        read = answer(lambda **h: ours.decide_read(model, **h).alias, **hints)
        write = answer(lambda **h: ours.decide_write(model, **h).alias, **hints)
        for _ in range(2):
            assert answer(router.db_for_read, model, **hints) == read
            assert answer(router.db_for_write, model, **hints) == write


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(situation=situations)
def test_no_write_goes_to_a_replica(project, situation):
    """Law 2: a primary or a refusal, whatever is asked."""
    with ExitStack() as stack:
        hints = arrange(stack, situation)
        write = answer(router.db_for_write, situation["model"], **hints)
        assert write not in REPLICAS


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(situation=situations)
def test_reads_obey_transactions_consistency_and_health(project, situation):
    """A read that nobody pinned to a node is on the primary where it has to be."""
    with ExitStack() as stack:
        hints = arrange(stack, situation)
        read = answer(router.db_for_read, situation["model"], **hints)
        if not isinstance(read, str) or read not in REPLICAS or situation["using"] == read:
            return
        primary = LAYOUT[read]
        consistency = situation["consistency"] or project
        assert consistency != "strong"
        assert situation["open"] != primary
        assert not (primary in situation["written"] and consistency == "session")
        assert read not in situation["offline"]


def test_an_answer_is_stable_within_a_unit_of_work(project):
    """Two replicas, a thousand questions, one answer; another unit of work may get the other."""
    seen = set()
    for _ in range(40):
        with UnitBlock():
            answers = {router.db_for_read(Tag) for _ in range(25)}
            assert len(answers) == 1
            seen |= answers
    assert seen == ({"default"} if project == "strong" else {"near", "far"})
