"""Celery: name ``django_fleet.contrib.celery`` in ``INSTALLED_APPS``, and messages carry tokens."""
