"""The back office over three databases: nothing here says so."""

from django.contrib import admin
from django.contrib.contenttypes.admin import GenericTabularInline

from purchasing.models import Complaint, Delivery, Remark, Supplier


class DeliveryInline(admin.TabularInline):
    model = Delivery
    extra = 0
    autocomplete_fields = ["product"]
    raw_id_fields = ["received_by"]


class ComplaintInline(admin.TabularInline):
    model = Complaint
    extra = 0


class RemarkInline(GenericTabularInline):
    model = Remark
    extra = 0


@admin.register(Supplier)
class SupplierAdmin(admin.ModelAdmin):
    list_display = ["name", "country", "speaks_of"]
    list_filter = ["country", "specialities", "deliveries__product__category"]
    search_fields = ["name", "specialities__name", "deliveries__product__name"]
    filter_horizontal = ["specialities"]
    inlines = [DeliveryInline, RemarkInline]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("specialities")

    @admin.display(description="specialities")
    def speaks_of(self, supplier):
        return ", ".join(tag.name for tag in supplier.specialities.all())


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):
    list_display = ["delivered_on", "supplier", "product", "category", "quantity", "received_by"]
    list_filter = ["supplier__country", "product__category", "supplier"]
    list_select_related = ["supplier", "product__category", "received_by"]
    search_fields = ["supplier__name", "product__name", "complaints__text"]
    autocomplete_fields = ["supplier", "product"]
    raw_id_fields = ["received_by"]
    date_hierarchy = "delivered_on"
    inlines = [ComplaintInline]

    @admin.display(ordering="product__category__name")
    def category(self, delivery):
        return delivery.product.category


@admin.register(Complaint)
class ComplaintAdmin(admin.ModelAdmin):
    list_display = ["text", "delivery", "supplier", "settled"]
    list_editable = ["settled"]
    list_filter = ["settled", "delivery__supplier"]
    list_select_related = ["delivery__supplier", "delivery__product"]
    search_fields = ["text", "delivery__supplier__name"]
    raw_id_fields = ["delivery"]
    date_hierarchy = "delivery__delivered_on"

    @admin.display(ordering="delivery__supplier__name")
    def supplier(self, complaint):
        return complaint.delivery.supplier
