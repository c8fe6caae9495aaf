from django.contrib import admin

from analytics.models import PageView


@admin.register(PageView)
class PageViewAdmin(admin.ModelAdmin):
    list_display = ["path", "product_number", "seen_at"]
    list_filter = ["seen_at"]
    search_fields = ["path"]
    date_hierarchy = "seen_at"
