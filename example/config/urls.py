"""Every page of the shop."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("catalog.urls")),
    path("orders/", include("orders.urls")),
    path("popular/", include("analytics.urls")),
    path("admin/", admin.site.urls),
]
