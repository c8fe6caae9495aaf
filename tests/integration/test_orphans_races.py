"""``fleet orphans`` while others write: nothing that has a parent is called an orphan, or touched."""

from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connections, transaction

from lab.commands import fleet_json
from lab.family.apart import ALIKE, apart
from lab.family.models import Child, Number

GONE, KEPT = 7, 1


@pytest.fixture(params=ALIKE, ids="-".join)
def family(request, lab_on, tmp_path):
    """Three children of a parent that is gone, and one whose parent is there."""
    with apart(lab_on, tmp_path, request.param):
        Number.objects.create(pk=KEPT)
        Child.objects.bulk_create(
            Child(pk=key, number_id=GONE if key < 4 else KEPT) for key in range(1, 5)
        )
        yield


@contextmanager
def while_parents_are_asked(deed, *, at, is_after=False):
    """Inside, ``deed`` is done around the ``at``-th question to the parents' home."""
    asked = 0

    def around(execute, sql, params, many, context):
        nonlocal asked
        is_question = "NOT EXISTS" in sql
        asked += is_question
        now = is_question and asked == at
        if now and not is_after:
            deed()
        answer = execute(sql, params, many, context)
        if now and is_after:
            deed()
        return answer

    with connections["parents"].execute_wrapper(around):
        yield


def search(fix):
    found, _ = fleet_json("orphans", "--model", "family.Child.number", "--fix", fix)
    (relation,) = found["relations"]
    return relation["left"], relation["mended"]


def parent_comes():
    Number.objects.create(pk=GONE)


def children():
    return dict(Child.objects.order_by("pk").values_list("pk", "number_id"))


BEFORE = {1: GONE, 2: GONE, 3: GONE, 4: KEPT}


@pytest.mark.parametrize("fix", ["report", "delete", "null"])
@pytest.mark.parametrize(("at", "is_after"), [(1, False), (1, True), (2, False)])
def test_e3_a_parent_that_comes_in_time_is_a_parent(family, fix, at, is_after):
    """Before it is asked for, after that, and when it is asked for once more."""
    with while_parents_are_asked(parent_comes, at=at, is_after=is_after):
        assert search(fix) == (0, 0)
    assert children() == BEFORE


@pytest.mark.parametrize("fix", ["report", "delete", "null"])
def test_e3_a_child_that_goes_is_no_error(family, fix):
    """It was an orphan, and is none any more."""
    deed = partial(Child.objects.filter(pk__in=[1, 2])._raw_delete, "default")
    with while_parents_are_asked(deed, at=1, is_after=True):
        found = search(fix)
    assert found == {"report": (1, 0), "delete": (0, 1), "null": (0, 1)}[fix]
    assert 4 in children()


@pytest.mark.parametrize("fix", ["report", "delete", "null"])
def test_e3_a_child_that_finds_a_parent_is_left_alone(family, fix):
    """Its key is not the one that was found."""
    deed = partial(Child.objects.filter(pk=2).update, number_id=KEPT)
    with while_parents_are_asked(deed, at=1, is_after=True):
        found = search(fix)
    assert found == {"report": (2, 0), "delete": (0, 2), "null": (0, 2)}[fix]
    assert children()[2] == KEPT


def test_e3_a_page_is_a_transaction(family, monkeypatch):
    """What fails in the middle has changed nothing of its page, and pages before it stay."""
    monkeypatch.setattr("django_fleet.relations.mending.PAGE", 2)
    pages = []

    def fail(sender, instance, **_):
        pages.append(instance.pk)
        if instance.pk == 3:
            assert connections["default"].in_atomic_block
            raise RuntimeError("a receiver failed")

    from django.db.models.signals import post_delete

    post_delete.connect(fail, sender=Child)
    try:
        with pytest.raises(RuntimeError):
            search("delete")
    finally:
        post_delete.disconnect(fail, sender=Child)
    assert children() == {3: GONE, 4: KEPT}
    assert search("delete") == (0, 1)


def test_e3_rows_are_locked_while_their_parent_is_asked_for(family):
    """On servers that can: nobody gives them another parent in between."""
    connection = connections["default"]
    if not connection.features.has_select_for_update:
        assert search("delete") == (0, 3)
        return
    other = connection.copy()
    refused = []

    def give_another_parent():
        lock = "SET lock_timeout = '100ms'"
        if connection.vendor == "mysql":
            lock = "SET SESSION innodb_lock_wait_timeout = 1"
        with other.cursor() as cursor:
            cursor.execute(lock)
            try:
                cursor.execute("UPDATE family_child SET number_id = 1 WHERE id = 2")
            except Exception as error:
                refused.append(str(error))

    try:
        with while_parents_are_asked(give_another_parent, at=2):
            assert search("delete") == (0, 3)
    finally:
        other.close()
    assert len(refused) == 1
    assert "lock" in refused[0].lower()


def test_e3_inside_a_transaction_of_the_caller(family):
    """As in a ``TestCase``: it sees what is not committed, and can be taken back."""
    with transaction.atomic(using="default"), transaction.atomic(using="parents"):
        Child.objects.create(pk=9, number_id=99)
        assert search("delete") == (0, 4)
        transaction.set_rollback(True, using="default")
    assert children() == BEFORE
