"""``ConsistencyMiddleware``: makes each request one unit of work, and a session's requests see on.

What a request wrote, it reads back from the primary. At its end the token of what it has seen goes out
with the response, and comes back with the session's next request: ``FLEET["TOKEN_CARRIER"]`` says how.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.decorators import sync_and_async_middleware

from django_fleet.blocks import Aside, Block, Continuation
from django_fleet.errors import ConfigurationError
from django_fleet.replicas.token import issue, resume
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_fleet.context import UnitOfWork

GetResponse = Callable[["HttpRequest"], Any]

COOKIE: Final = "fleet_token"
"""What the names of our cookies begin with; the session's key of the token."""

HEADER: Final = "Fleet-Token"

_SHARED: Final = frozenset({"public", "s-maxage"})
_NAME_LENGTH: Final = 8


@sync_and_async_middleware
def ConsistencyMiddleware(  # noqa: N802 -- Django's settings name middleware like classes
    get_response: GetResponse,
) -> "Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]":
    """Wraps ``get_response`` in a unit of work, for WSGI and ASGI."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: "HttpRequest") -> HttpResponseBase:
            with Aside() as work:
                passage = Passage(request, work)
                passage.begin(await passage.brought_async())
                response: HttpResponseBase = await get_response(request)
                await passage.end_async(response)
                return response

        return respond_async

    def respond(request: "HttpRequest") -> HttpResponseBase:
        with Aside() as work:
            passage = Passage(request, work)
            passage.begin(passage.brought())
            response: HttpResponseBase = get_response(request)
            passage.end(response)
            return response

    return respond


class Passage:
    """One request on its way through the middleware: which tokens came, and which one leaves."""

    __slots__ = ("_brought", "_carrier", "_here", "_positions", "_request", "_work")

    def __init__(self, request: "HttpRequest", work: "UnitOfWork") -> None:
        self._request = request
        self._work = work
        self._here = running()
        policy = self._here.fleet.policy
        self._carrier = policy.token_carrier if self._here.primaries else "off"
        self._brought: tuple[str, ...] = ()
        self._positions: dict[str, str | None] = {}

    def brought(self) -> tuple[str, ...]:
        """The tokens that came along. Several: responses to requests of the same time gave one each."""
        if self._carrier == "cookie":
            return tuple(self._cookies().values())
        if self._carrier == "header":
            return tuple(part.strip() for part in self._request.headers.get(HEADER, "").split(","))
        if self._carrier == "session":
            with Aside(), Block(consistency="strong"):  # an old session has an old token
                return (self._session().get(COOKIE, ""),)
        return ()

    async def brought_async(self) -> tuple[str, ...]:
        """The same."""
        if self._carrier != "session":
            return self.brought()
        with Aside(), Block(consistency="strong"):
            return (await self._session().aget(COOKIE, ""),)

    def begin(self, tokens: tuple[str, ...]) -> None:
        """The unit of work sees at least what the session has seen."""
        self._brought = tokens
        for token in tokens:
            resume(self._work, token, self._here.selection, self._here.replicated)
        self._positions = self._seen()

    def end(self, response: HttpResponseBase) -> None:
        """Sends the token along, where it is another one than the request brought."""
        token = self._token()
        if self._is_news(token, response):
            if self._carrier == "session":
                self._session()[COOKIE] = token
            else:
                self._give(response, token)
        self._surround_stream(response)

    async def end_async(self, response: HttpResponseBase) -> None:
        """The same; leaves the event loop only where a primary has to be asked."""
        work = self._work
        is_asking = bool(work.written or work.read_on_primary)
        token = await sync_to_async(self._token)() if is_asking else self._token()
        if self._is_news(token, response):
            if self._carrier == "session":
                await self._session().aset(COOKIE, token)
            else:
                self._give(response, token)
        self._surround_stream(response)

    def _token(self) -> str:
        return "" if self._carrier == "off" else issue(self._work, self._here.selection)

    def _seen(self) -> dict[str, str | None]:
        return {alias: sight.position for alias, sight in self._work.seen.items()}

    def _is_news(self, token: str, response: HttpResponseBase) -> bool:
        """Whether the session has to be told.

        A response that is for everybody, and shared caches may keep, names nobody's replica; what
        was written is told all the same.
        """
        if not token or (token,) == self._brought:
            return False
        if self._carrier == "session" or not is_shared(response):
            return True
        return any(self._positions.get(alias, "") != at for alias, at in self._seen().items())

    def _give(self, response: HttpResponseBase, token: str) -> None:
        if self._carrier == "header":
            response.headers[HEADER] = token
        else:
            self._set_cookie(response, token)
        patch_cache_control(response, private=True)  # no cache gives it to anybody else

    def _set_cookie(self, response: HttpResponseBase, token: str) -> None:
        """In the place of those that came along.

        Each token has a cookie of its own: of two responses to requests of the same time neither
        takes away what the other one says. The next request brings both and gets one.
        """
        path, domain = settings.SESSION_COOKIE_PATH, settings.SESSION_COOKIE_DOMAIN
        samesite = settings.SESSION_COOKIE_SAMESITE
        name = f"{COOKIE}_{hashlib.sha256(token.encode()).hexdigest()[:_NAME_LENGTH]}"
        for old in self._cookies():
            if old != name:
                response.delete_cookie(old, path=path, domain=domain, samesite=samesite)
        response.set_cookie(
            name,
            token,
            path=path,
            domain=domain,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite=samesite,
        )

    def _cookies(self) -> dict[str, str]:
        """Ours, by name; not those that were taken away, if a client sends them all the same."""
        found = self._request.COOKIES
        return {name: value for name, value in found.items() if name.startswith(COOKIE) and value}

    def _surround_stream(self, response: HttpResponseBase) -> None:
        """A body that is made while it is sent belongs to the unit of work, too.

        Its token has left by then, so the session does not learn what such a body reads or writes.
        Files are left as they are, for the server's own way to send them.
        """
        if not self._here.primaries or not response.streaming:
            return
        if getattr(response, "file_to_stream", None) is None:
            stream: Any = response
            body, inside = stream.streaming_content, Continuation(self._work)
            stream.streaming_content = (
                inside(_async_parts)(body) if stream.is_async else inside(_parts)(body)
            )

    def _session(self) -> Any:
        """The session. Raises ``ConfigurationError`` where Django's middleware made none before us."""
        try:
            return self._request.session
        except AttributeError:
            raise ConfigurationError(
                'FLEET["TOKEN_CARRIER"] is "session", but the request has none. Put '
                '"django.contrib.sessions.middleware.SessionMiddleware" before django-fleet\'s '
                'middleware, or let a "cookie" carry the token.'
            ) from None


def is_shared(response: HttpResponseBase) -> bool:
    """Whether a response says that caches may give it to anybody."""
    directives = response.headers.get("Cache-Control", "").lower().split(",")
    return any(each.partition("=")[0].strip() in _SHARED for each in directives)


def _parts(body: Iterator[bytes]) -> Iterator[bytes]:
    yield from body


async def _async_parts(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for part in body:
        yield part
