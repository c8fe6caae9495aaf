"""The site that users click through: a page that reads, and a form that writes and sends them there."""

from django.db import transaction
from django.db.models import F, IntegerField
from django.db.models.expressions import RawSQL
from django.http import JsonResponse
from django.urls import path

from bench.replicas.models import Profile


class Replica:
    """No rule: the router of Django's documentation."""

    def db_for_read(self, model, **hints):  # noqa: ARG002
        return "replica"

    def db_for_write(self, model, **hints):  # noqa: ARG002
        return "default"


def profile(request, pk):
    """Its version, and the port of the server that says so."""
    if request.method == "POST":
        with transaction.atomic():
            Profile.objects.filter(pk=pk).update(version=F("version") + 1)
        return JsonResponse({})
    port = RawSQL("inet_server_port()", (), IntegerField())
    found = Profile.objects.annotate(port=port).get(pk=pk)
    return JsonResponse({"version": found.version, "port": found.port})


urlpatterns = [path("<int:pk>/", profile)]
