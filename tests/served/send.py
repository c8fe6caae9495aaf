"""Sends tasks as a program of its own: ``python -m served.send write <name>`` or ``resume <token>``."""

import json
import sys

from celery import chain

from served.tasks import read, write  # isort: skip -- sets Django up

import django_fleet as fleet
from lab.shop.models import Tag

TIMEOUT_S = 30


def main(verb, argument):
    """Writes the answers of some reads, and the token of what was seen."""
    with fleet.unit_of_work():
        if verb == "write":
            Tag.objects.create(name=argument)
        elif verb == "resume":
            fleet.resume(argument)
        sent = [read.delay() for _ in range(8)]
        if verb == "chain":
            sent = [chain(write.s(argument), read.s())()]
        answers = [each.get(timeout=TIMEOUT_S, interval=0.05) for each in sent]
        sys.stdout.write(json.dumps({"answers": answers, "token": fleet.token()}) + "\n")


main(*sys.argv[1:])
