"""Puts the shop's own admin site in the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    default_site = "config.admin.BackOffice"
