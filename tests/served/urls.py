"""One row is written, all are read; in sync and in async views."""

from asgiref.sync import sync_to_async
from django.http import JsonResponse
from django.urls import path

from lab.shop.models import Tag
from served.seen import seen


def write(request, name):
    Tag.objects.create(name=name)
    return JsonResponse(seen())


def read(request):
    return JsonResponse(seen())


async def async_write(request, name):
    await Tag.objects.acreate(name=name)
    return JsonResponse(await sync_to_async(seen)())


async def async_read(request):
    return JsonResponse(await sync_to_async(seen)())


urlpatterns = [
    path("write/<name>/", write),
    path("read/", read),
    path("async-write/<name>/", async_write),
    path("async-read/", async_read),
]
