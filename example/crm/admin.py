from django.contrib import admin

from crm.models import Customer, Note


class NoteInline(admin.TabularInline):
    model = Note
    extra = 0


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ["number", "name", "country"]
    list_filter = ["country"]
    search_fields = ["name", "email"]
    inlines = [NoteInline]
