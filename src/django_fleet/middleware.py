"""``ConsistencyMiddleware``: makes each request one unit of work, and a session's requests see on.

What a request wrote, it reads back from the primary. At its end the token of what it has seen goes out
with the response, and comes back with the session's next request: ``FLEET["TOKEN_CARRIER"]`` says how.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from django_fleet.blocks import UnitBlock
from django_fleet.errors import ConfigurationError
from django_fleet.replicas.token import issue, resume
from django_fleet.routing.running import running

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_fleet.context import UnitOfWork

GetResponse = Callable[["HttpRequest"], Any]

COOKIE: Final = "fleet_token"
HEADER: Final = "Fleet-Token"


@sync_and_async_middleware
def ConsistencyMiddleware(  # noqa: N802 -- Django's settings name middleware like classes
    get_response: GetResponse,
) -> "Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]":
    """Wraps ``get_response`` in a unit of work, for WSGI and ASGI."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: "HttpRequest") -> HttpResponseBase:
            with UnitBlock() as work:
                brought = _begin(request, work)
                response: HttpResponseBase = await get_response(request)
                if _asks_primaries(work):
                    await sync_to_async(_end)(request, response, work, brought)
                else:
                    _end(request, response, work, brought)
                return response

        return respond_async

    def respond(request: "HttpRequest") -> HttpResponseBase:
        with UnitBlock() as work:
            brought = _begin(request, work)
            response: HttpResponseBase = get_response(request)
            _end(request, response, work, brought)
            return response

    return respond


def _begin(request: "HttpRequest", work: "UnitOfWork") -> str:
    """Lets the unit of work see what the session has seen; gives the token that came along."""
    here = running()
    carrier = here.fleet.policy.token_carrier
    if not here.primaries or carrier == "off":
        return ""
    if carrier == "header":
        token = request.headers.get(HEADER, "")
    elif carrier == "session":
        token = _session(request).get(COOKIE, "")
    else:
        token = request.COOKIES.get(COOKIE, "")
    resume(work, token, here.selection, here.replicated)
    return token


def _end(
    request: "HttpRequest", response: HttpResponseBase, work: "UnitOfWork", brought: str
) -> None:
    """Sends the token along, where it is another one than the request brought."""
    here = running()
    carrier = here.fleet.policy.token_carrier
    if not here.primaries or carrier == "off":
        return
    token = issue(work, here.selection)
    if not token or token == brought:
        return
    if carrier == "header":
        response.headers[HEADER] = token
    elif carrier == "session":
        _session(request)[COOKIE] = token
    else:
        response.set_cookie(
            COOKIE,
            token,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )


def _asks_primaries(work: "UnitOfWork") -> bool:
    return bool(work.written or work.read_on_primary)


def _session(request: "HttpRequest") -> Any:
    """The session. Raises ``ConfigurationError`` where Django's middleware made none before us."""
    try:
        return request.session
    except AttributeError:
        raise ConfigurationError(
            'FLEET["TOKEN_CARRIER"] is "session", but the request has none. Put '
            '"django.contrib.sessions.middleware.SessionMiddleware" before django-fleet\'s middleware, '
            'or let a "cookie" carry the token.'
        ) from None
