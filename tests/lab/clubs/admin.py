"""The back office of the clubs, as plain as anybody's."""

from django.contrib import admin
from django.contrib.contenttypes.admin import GenericTabularInline

from lab.clubs.models import Club, Meeting, Membership, Person, Remark, Topic


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["person"]


class RemarkInline(GenericTabularInline):
    model = Remark
    extra = 0


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
    list_display = ["name", "badge"]
    list_filter = ["clubs", "clubs__topics__name", ("badge", admin.EmptyFieldListFilter)]
    list_select_related = ["badge"]
    search_fields = ["name", "clubs__name", "badge__number"]
    ordering = ["badge__number", "name"]


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    search_fields = ["name"]


@admin.register(Club)
class ClubAdmin(admin.ModelAdmin):
    list_display = ["name", "leader"]
    list_filter = ["leader", "topics", ("members", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "members__name"]
    filter_horizontal = ["topics"]
    inlines = [MembershipInline, RemarkInline]


@admin.register(Meeting)
class MeetingAdmin(admin.ModelAdmin):
    list_display = ["day", "club", "host"]
    list_filter = ["club__topics"]
    list_select_related = ["club__leader", "host"]
    search_fields = ["club__name", "host__badge__number"]
    autocomplete_fields = ["club"]
    raw_id_fields = ["host"]
    date_hierarchy = "day"


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ["person", "club", "role"]
    list_filter = ["club__leader", "person__born"]
    list_select_related = ["person", "club__leader"]
    search_fields = ["person__name", "club__name"]
    date_hierarchy = "person__born"
    ordering = ["club__name", "-person__name"]
