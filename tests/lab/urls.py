from django.contrib import admin
from django.urls import path

from lab import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("write-and-read/", views.write_and_read),
    path("counters/<key>/", views.counter),
    path("read/", views.read),
    path("async-write-and-read/", views.async_write_and_read),
    path("async-read/", views.async_read),
    path("write-and-fail/", views.write_and_fail),
    path("publicly/", views.publicly),
    path("page/", views.page),
    path("leave/", views.leave),
    path("stream/", views.stream),
    path("async-stream/", views.async_stream),
    path("nothing/", views.nothing),
]
