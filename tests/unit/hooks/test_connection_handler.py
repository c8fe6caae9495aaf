"""What is open already, without opening anything."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from django_fleet.hooks import has_open_transaction, in_event_loop, thread_store


@pytest.fixture(autouse=True)
def pair(project):
    """Two databases."""
    with project({"default": {}, "other": {}}):
        yield


def test_nothing_is_open_before_anybody_connected():
    """And asking connects to nothing."""
    assert not has_open_transaction("default")
    assert not has_open_transaction("nowhere")
    assert connections.all(initialized_only=True) == []


def test_a_connection_in_autocommit_has_nothing_open():
    """Each statement is a transaction of its own."""
    connections["default"].ensure_connection()
    assert not has_open_transaction("default")


def test_an_atomic_block_is_a_transaction():
    """From its first line, nested too, and on its own database only."""
    with transaction.atomic():
        assert has_open_transaction("default")
        assert not has_open_transaction("other")
        with transaction.atomic():
            assert has_open_transaction("default")
    assert not has_open_transaction("default")


def test_autocommit_that_somebody_took_off_is_a_transaction():
    """Until it is on again."""
    connections["default"].ensure_connection()
    connections["default"].set_autocommit(False)
    assert has_open_transaction("default")
    connections["default"].rollback()
    connections["default"].set_autocommit(True)
    assert not has_open_transaction("default")


def test_the_transaction_of_another_thread_is_not_ours():
    """Connections belong to threads."""
    seen = []
    with transaction.atomic():
        thread = threading.Thread(target=lambda: seen.append(has_open_transaction("default")))
        thread.start()
        thread.join()
    assert seen == [False]


def test_a_task_sees_what_its_thread_opened():
    """Through ``sync_to_async``, where connections of async code live."""

    @sync_to_async
    def inside():
        try:
            with transaction.atomic():
                return has_open_transaction("default"), in_event_loop()
        finally:
            BaseDatabaseWrapper.close(connections["default"])  # nobody else sees this thread's

    async def main():
        assert in_event_loop() is not None
        return await inside(), has_open_transaction("default")

    (seen, _), outside = asyncio.run(main())
    assert seen
    assert not outside


def test_the_store_has_the_connections_of_this_thread():
    """By alias, as soon as they are made; out of every loop it has them all."""
    assert in_event_loop() is None
    assert "default" not in thread_store().__dict__
    made = connections["default"]
    assert thread_store().__dict__["default"] is made
