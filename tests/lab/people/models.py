"""People in parts, beside the same in one table; ``lab.people.fleet`` installs them where they are needed."""

import uuid

from django.db import models
from django.db.models import functions


class Team(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        app_label = "people"

    def __str__(self):
        return self.name


def fields(profiles=None, records=None):
    """The fields of a person, those of two groups at the databases that are named."""
    at_profiles = {} if profiles is None else {"using": profiles}
    at_records = {} if records is None else {"using": records}
    return {
        "name": models.CharField(max_length=100),
        "age": models.IntegerField(default=0),
        "team": models.ForeignKey(Team, models.CASCADE, null=True, related_name="+"),
        "bio": models.TextField(default="", blank=True, **at_profiles),
        "email": models.EmailField(null=True, unique=True, **at_profiles),
        "score": models.IntegerField(null=True, **at_records),
        "mood": models.CharField(
            max_length=10, choices=[("g", "good"), ("b", "bad")], default="g", **at_records
        ),
    }


class Base(models.Model):
    class Meta:
        abstract = True
        app_label = "people"

    def __str__(self):
        return self.name


class Plain(Base):
    """One table."""

    locals().update(fields())

    class Meta:
        app_label = "people"


class Person(Base):
    """The same over three databases."""

    locals().update(fields("profiles", "records"))

    class Meta:
        app_label = "people"


class Nearby(Person):
    """The same rows under another name."""

    class Meta:
        app_label = "people"
        proxy = True
        ordering = ("bio", "pk")


class Employee(Person):
    """A child of multi-table inheritance, with a column elsewhere that is its own."""

    salary = models.IntegerField(default=1)
    contract = models.TextField(default="none", using="records")

    class Meta:
        app_label = "people"


class Badge(models.Model):
    """Something that points to a person."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="badges")
    label = models.CharField(max_length=20)

    class Meta:
        app_label = "people"

    def __str__(self):
        return self.label


class Dated(models.Model):
    """Values that fields and servers make."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    made = models.DateTimeField(auto_now_add=True, using="profiles")
    changed = models.DateTimeField(auto_now=True, using="profiles")
    lucky = models.IntegerField(db_default=7, using="profiles")
    shout = models.CharField(
        max_length=20, db_default=functions.Upper(models.Value("hey")), using="profiles"
    )
    data = models.JSONField(default=dict, using="profiles")
    paper = models.FileField(null=True, using="profiles")
    raw = models.BinaryField(null=True, using="profiles")

    class Meta:
        app_label = "people"

    def __str__(self):
        return str(self.pk)
