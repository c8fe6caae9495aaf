from django.contrib import admin

from orders.models import Line, Order


class LineInline(admin.TabularInline):
    model = Line
    extra = 0
    autocomplete_fields = ["product"]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["id", "customer_number", "status", "placed_at"]
    list_filter = ["status", "placed_at"]
    search_fields = ["customer_number"]
    inlines = [LineInline]
