"""``ConsistencyMiddleware``: makes each request one unit of work.

What a request wrote, it reads back from the primary; the next request starts clean. (Carrying what a
session has seen from one request to the next is where tokens will come in.)
"""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from django_fleet.blocks import UnitBlock

GetResponse = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def ConsistencyMiddleware(  # noqa: N802 -- Django's settings name middleware like classes
    get_response: GetResponse,
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Wraps ``get_response`` in a unit of work, for WSGI and ASGI."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            with UnitBlock():
                response: HttpResponseBase = await get_response(request)
                return response

        return respond_async

    def respond(request: HttpRequest) -> HttpResponseBase:
        with UnitBlock():
            response: HttpResponseBase = get_response(request)
            return response

    return respond
