"""Runs commands as a user does, and gives what they print."""

import io
import json

from django.core.management import CommandError, call_command


def run(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, stderr=out, **options)
    return out.getvalue()


def fleet_json(*args):
    """The JSON that ``manage.py fleet`` prints, also when it fails."""
    out = io.StringIO()
    try:
        call_command("fleet", *args, "--json", stdout=out, stderr=out)
    except CommandError as error:
        return json.loads(out.getvalue()), str(error)
    return json.loads(out.getvalue()), None


def findings():
    return {
        (each["kind"], each["alias"], each["model"]) for each in fleet_json("check")[0]["findings"]
    }
