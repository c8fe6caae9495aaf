"""Views that say which database answered them."""

from dataclasses import asdict

from django.db import connections, router
from django.http import JsonResponse

from lab import counters
from lab.shop.models import Tag


def read(request):
    return JsonResponse({"read": router.db_for_read(Tag), "rows": Tag.objects.count()})


def write_and_read(request):
    Tag.objects.create(name="written")
    return JsonResponse({"read": router.db_for_read(Tag), "rows": Tag.objects.count()})


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
