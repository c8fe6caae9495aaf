"""Statement E6 over requests: a session sees what it has seen, whatever its responses look like."""

import io

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import FileResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings

import django_fleet as fleet
from django_fleet import middleware
from django_fleet.context import UNIT
from lab.fleets import statements
from lab.shop.models import Tag
from lab.stale import standing_still

OURS = "django_fleet.middleware.ConsistencyMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
CACHE = (
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
)
LATER = ["django.contrib.auth.middleware.AuthenticationMiddleware"]
WROTE = {"read": "default", "rows": 2}
BEHIND = {"read": "replica", "rows": 1}
CAUGHT_UP = {"read": "replica", "rows": 2}


@pytest.fixture
def carrier():
    """How tokens travel; tests say otherwise."""
    return "cookie"


@pytest.fixture
def replicated(lab, carrier):
    """A primary and a replica with one row, which stands still."""
    with standing_still(lab, Session, TOKEN_CARRIER=carrier):
        yield lab


def catch_up(lab):
    lab.servers.replicas[0].resume_replay()
    lab.catch_up()


def tokens(response):
    """The tokens that a response brings; a cookie that it takes away has none."""
    found = {name: morsel.value for name, morsel in response.cookies.items()}
    return {name: value for name, value in found.items() if name.startswith("fleet_token")}


def test_e6_the_next_request_sees_what_was_written(replicated):
    """From the primary while the replica is behind, from the replica once it has caught up."""
    client = Client()
    assert client.get("/read/").json() == BEHIND
    assert client.post("/write-and-read/").json() == WROTE
    assert client.get("/read/").json() == WROTE
    assert Client().get("/read/").json() == BEHIND
    catch_up(replicated)
    assert client.get("/read/").json() == CAUGHT_UP


def test_e6_the_next_async_request_does_too(replicated):
    """Through ASGI's handler."""

    async def run():
        client = AsyncClient()
        first = await client.post("/async-write-and-read/")
        second = await client.get("/async-read/")
        return first.json(), second.json()

    assert async_to_sync(run)() == (WROTE, WROTE)


def test_e6_a_response_that_reports_an_error_tells_what_was_written(replicated):
    """The write is committed, whatever became of the view."""
    client = Client(raise_request_exception=False)
    assert client.post("/write-and-fail/").status_code == 500
    assert client.get("/read/").json() == WROTE


@pytest.mark.parametrize("order", ["inside", "outside"])
def test_e6_responses_without_a_body_carry_the_token(replicated, order):
    """HEAD, and 304 whichever middleware makes it."""
    conditional = "django.middleware.http.ConditionalGetMiddleware"
    chosen = [OURS, conditional] if order == "inside" else [conditional, OURS]
    with override_settings(MIDDLEWARE=chosen):
        assert tokens(Client().head("/page/"))
        etag = Client().get("/page/").headers["ETag"]
        response = Client().get("/page/", headers={"If-None-Match": etag})
        assert response.status_code == 304
        assert tokens(response)


def test_e6_a_request_that_saw_nothing_new_sets_no_cookie(replicated):
    """Neither does one that read nothing."""
    client = Client()
    assert not tokens(client.get("/nothing/"))
    assert tokens(client.get("/read/"))
    again = client.get("/read/")
    assert not tokens(again)
    assert "Cache-Control" not in again.headers


def test_e6_the_cookie_goes_where_the_sessions_goes(replicated):
    """Path, domain, Secure and SameSite; no script can read it; it ends with the browser."""
    chosen = {
        "SESSION_COOKIE_PATH": "/shop/",
        "SESSION_COOKIE_DOMAIN": "shop.example",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_SAMESITE": "None",
    }
    with override_settings(**chosen):
        response = Client().get("/read/")
    ((name, value),) = tokens(response).items()
    morsel = response.cookies[name]
    kept = {key: morsel[key] for key in ("path", "domain", "samesite", "max-age", "expires")}
    assert kept == {
        "path": "/shop/",
        "domain": "shop.example",
        "samesite": "None",
        "max-age": "",
        "expires": "",
    }
    assert morsel["secure"] is True
    assert morsel["httponly"] is True
    assert response.headers["Cache-Control"] == "private"
    assert value


def test_e6_responses_to_requests_of_the_same_time_do_not_undo_each_other(replicated):
    """One wrote, the other one read and was answered later: the session knows of both."""
    client = Client()
    wrote, read = Client().post("/write-and-read/"), Client().get("/read/")
    for response in (wrote, read):
        client.cookies.update(response.cookies)
    both = {**tokens(wrote), **tokens(read)}
    assert len(both) == 2
    response = client.get("/read/")
    assert response.json() == WROTE
    merged = {name: value for name, value in tokens(response).items() if value}
    assert len(merged) == 1
    assert {name for name, value in tokens(response).items() if not value} == set(both) - set(
        merged
    )
    assert not tokens(client.get("/nothing/"))


@pytest.mark.parametrize("order", ["ours first", "cache first"])
def test_e6_what_a_cache_keeps_has_nobodys_token(replicated, order):
    """Wherever the middleware stands."""
    update, fetch = CACHE
    chosen = [OURS, update, fetch] if order == "ours first" else [update, fetch, OURS]
    cache.clear()
    with override_settings(MIDDLEWARE=chosen):
        first = Client().get("/page/")
        second = Client().get("/page/")
    cache.clear()
    assert tokens(first)
    is_from_cache = not tokens(second)
    assert is_from_cache is (order == "ours first")


def test_e6_a_public_response_names_nobodys_replica(replicated):
    """It stays public; but what was written is told, and then it is nobody else's."""
    client = Client()
    response = client.get("/publicly/")
    assert not tokens(response)
    assert "public" in response.headers["Cache-Control"]
    response = client.post("/publicly/?write")
    assert tokens(response)
    assert "public" not in response.headers["Cache-Control"]
    assert "private" in response.headers["Cache-Control"]
    assert client.get("/read/").json() == WROTE


def test_e6_who_leaves_keeps_the_token(replicated):
    """The session is gone, and replicas may not know it yet."""
    client = Client()
    assert client.post("/write-and-read/").json() == WROTE
    client.post("/leave/")
    assert client.get("/read/").json() == WROTE


def test_e6_a_stream_sees_what_the_session_has_seen(replicated):
    """Its body is made after the middleware is done."""
    client = Client()
    assert client.get("/stream/").getvalue() == b"replica replica "
    client.post("/write-and-read/")
    UNIT.set(None)  # in a server, nothing stands around a request
    response = client.get("/stream/")
    assert UNIT.get() is None
    assert response.getvalue() == b"default default "
    assert UNIT.get() is None


def test_e6_an_async_stream_does_too(replicated):
    """Each of its steps."""

    async def body(client):
        UNIT.set(None)  # in a server, nothing stands around a request
        response = await client.get("/async-stream/")
        assert UNIT.get() is None
        return b"".join([part async for part in response])

    async def run():
        client = AsyncClient()
        before = await body(client)
        await client.post("/async-write-and-read/")
        return before, await body(client)

    assert async_to_sync(run)() == (b"replica replica ", b"default default ")


def test_e6_a_file_is_left_to_the_server(replicated):
    """Its response keeps the file, which servers have their own way to send."""
    content = io.BytesIO(b"content")
    respond = middleware.ConsistencyMiddleware(lambda _request: FileResponse(content))
    assert respond(RequestFactory().get("/")).file_to_stream is content


def test_e6_in_an_event_loop_a_decision_asks_nobody(replicated):
    """Managers of related objects ask the router where they are made; the read asks again, in a thread."""

    async def run():
        await Tag.objects.acreate(name="new")
        token = await sync_to_async(fleet.token)()
        with fleet.unit_of_work() as work:
            fleet.resume(token)
            assert Tag.objects.all().db == "default"
            assert not work.read_on_primary
            work.read_on_primary.add("default")
            assert Tag.objects.all().db == "default"
            assert work.read_on_primary == {"default"}  # nobody was asked, so it is not forgotten
            await sync_to_async(catch_up)(replicated)
            assert await Tag.objects.acount() == 2
            assert Tag.objects.all().db == "replica"

    async_to_sync(run)()


@pytest.mark.parametrize("carrier", ["header"])
def test_e6_a_client_brings_its_tokens_in_a_header(replicated, carrier):
    """Several of them too, as clients with several requests at a time have them."""
    client = Client()
    read = client.get("/read/").headers["Fleet-Token"]
    response = client.post("/write-and-read/")
    wrote = response.headers["Fleet-Token"]
    assert response.headers["Cache-Control"] == "private"
    assert client.get("/read/").json() == BEHIND
    assert client.get("/read/", headers={"Fleet-Token": wrote}).json() == WROTE
    both = client.get("/read/", headers={"Fleet-Token": f"{wrote}, {read}"})
    assert both.json() == WROTE
    assert both.headers["Fleet-Token"] != read
    assert "," not in both.headers["Fleet-Token"]


@pytest.mark.parametrize("carrier", ["session"])
def test_e6_the_session_carries_the_token(replicated, carrier):
    """It is read from the primary: an old session would hold an old token."""
    client = Client()
    with override_settings(MIDDLEWARE=[SESSIONS, OURS, *LATER]):
        assert client.post("/write-and-read/").json() == WROTE
        UNIT.set(None)
        with statements() as found:
            assert client.get("/read/").json() == WROTE
        assert {alias for alias, sql in found if "django_session" in sql} == {"default"}
        catch_up(replicated)
        UNIT.set(None)
        assert client.get("/read/").json() == CAUGHT_UP


@pytest.mark.parametrize("carrier", ["session"])
def test_e6_the_session_carries_the_token_in_async_code(replicated, carrier):
    """Without a word of Django about sync code in an event loop."""

    async def run():
        client = AsyncClient()
        await client.post("/async-write-and-read/")
        return (await client.get("/async-read/")).json()

    with override_settings(MIDDLEWARE=[SESSIONS, OURS, *LATER]):
        assert async_to_sync(run)() == WROTE


def test_e6_a_request_that_asks_no_primary_stays_in_the_event_loop(replicated, monkeypatch):
    """The way to another thread and back is for those that have to wait there."""
    asked = []

    def noted(function):
        asked.append(function)
        return stock(function)

    stock = middleware.sync_to_async
    monkeypatch.setattr(middleware, "sync_to_async", noted)

    async def run():
        client = AsyncClient()
        await client.get("/async-read/")
        assert not asked
        await client.post("/async-write-and-read/")
        assert len(asked) == 1

    async_to_sync(run)()
