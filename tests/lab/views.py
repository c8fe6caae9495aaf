"""Views that say which database answered them."""

from dataclasses import asdict

from asgiref.sync import sync_to_async
from django.contrib.auth import logout
from django.db import connections, router
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils.cache import patch_cache_control

from lab import counters
from lab.shop.models import Tag


def read(request):
    return JsonResponse({"read": router.db_for_read(Tag), "rows": Tag.objects.count()})


def write_and_read(request):
    Tag.objects.create(name="written")
    return JsonResponse({"read": router.db_for_read(Tag), "rows": Tag.objects.count()})


async def async_read(request):
    read = await sync_to_async(router.db_for_read)(Tag)
    return JsonResponse({"read": read, "rows": await Tag.objects.acount()})


async def async_write_and_read(request):
    await Tag.objects.acreate(name="written")
    return JsonResponse({"read": router.db_for_read(Tag), "rows": await Tag.objects.acount()})


def counter(request, key):
    """Reads a counter; writes it, where a version is posted."""
    vendor = connections["default"].vendor
    if request.method == "POST":
        way = counters.WRITES[int(request.POST["way"])]
        found = counters.write(vendor, key, int(request.POST["version"]), way)
    else:
        found = counters.read(vendor, key, counters.READS[int(request.GET["way"])])
    return JsonResponse(asdict(found))


def write_and_fail(request):
    Tag.objects.create(name="written")
    raise LookupError("after the write")


def publicly(request):
    """A page for everybody; it writes when it is told to."""
    response = write_and_read(request) if "write" in request.GET else read(request)
    patch_cache_control(response, public=True, max_age=60)
    return response


def page(request):
    """The same bytes, whichever database answers."""
    return HttpResponse(f"{Tag.objects.filter(name='old').count()} old")


def leave(request):
    logout(request)
    return HttpResponse("gone")


def stream(request):
    """Reads while it is sent."""
    return StreamingHttpResponse(f"{router.db_for_read(Tag)} " for _ in range(2))


async def async_stream(request):
    async def parts():
        for _ in range(2):
            yield f"{await sync_to_async(router.db_for_read)(Tag)} "

    return StreamingHttpResponse(parts())


def nothing(request):
    """Asks no database."""
    return HttpResponse("nothing")
