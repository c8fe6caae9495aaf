"""The back office: Django's admin, reading from primaries.

Who saves a product is sent on to a list of products: a new request, which a replica might answer a
moment too early.
"""

from django.contrib import admin

import django_fleet as fleet


class BackOffice(admin.AdminSite):
    site_header = "Back office of the shop"

    def admin_view(self, view, cacheable=False):
        return fleet.primary()(super().admin_view(view, cacheable))
