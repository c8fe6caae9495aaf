"""Views that say which database answered them."""

from django.db import router
from django.http import JsonResponse

from lab.shop.models import Tag


def read(request):
    return JsonResponse({"read": router.db_for_read(Tag), "rows": Tag.objects.count()})


def write_and_read(request):
    Tag.objects.create(name="written")
    return JsonResponse({"read": router.db_for_read(Tag), "rows": Tag.objects.count()})


async def async_write_and_read(request):
    await Tag.objects.acreate(name="written")
    return JsonResponse({"read": router.db_for_read(Tag), "rows": await Tag.objects.acount()})
