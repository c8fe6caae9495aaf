"""Databases, policy and Celery's folder come from the test that starts the program."""

import json
import os

from lab.settings import *  # noqa: F403
from lab.settings import INSTALLED_APPS as LAB_APPS

INSTALLED_APPS = [*LAB_APPS, "django_fleet.contrib.celery"]
DATABASES = json.loads(os.environ["SERVED_DATABASES"])
FLEET = json.loads(os.environ["SERVED_FLEET"])
ROOT_URLCONF = "served.urls"
MIDDLEWARE = ["django_fleet.middleware.ConsistencyMiddleware"]
ALLOWED_HOSTS = ["127.0.0.1"]
