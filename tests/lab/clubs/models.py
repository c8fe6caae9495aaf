"""People in clubs: what forms, managers and fixtures of a real project are made of.

Tests put each model on a database of its own; ``layout`` says where.
"""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Named(models.Manager):
    """Objects that fixtures know by their name."""

    def get_by_natural_key(self, name):
        return self.get(name=name)


class Person(models.Model):
    name = models.CharField(max_length=40, unique=True)
    born = models.DateField(null=True, blank=True)
    friends = models.ManyToManyField("self", blank=True)

    objects = Named()

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.name,)


class Topic(models.Model):
    name = models.CharField(max_length=40, unique=True)

    objects = Named()

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.name,)


class Club(models.Model):
    """Only who is a member somewhere as a leader may lead."""

    name = models.CharField(max_length=40, unique=True)
    members = models.ManyToManyField(Person, through="Membership", related_name="clubs", blank=True)
    topics = models.ManyToManyField(Topic, related_name="clubs", blank=True)
    leader = models.ForeignKey(
        Person,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        limit_choices_to={"memberships__role": "leader"},
    )
    remarks = GenericRelation("Remark", related_query_name="club")

    objects = Named()

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.name,)


class Membership(models.Model):
    """It may live with the club, with the person, or on a database of its own."""

    club = models.ForeignKey(Club, models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, default="member")
    since = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["club", "person"], name="clubs_membership_once"),
            models.CheckConstraint(
                condition=~models.Q(role=""), name="clubs_membership_has_a_role"
            ),
        ]

    def __str__(self):
        return f"{self.person} in {self.club}"


class Badge(models.Model):
    """A person has one, or none."""

    person = models.OneToOneField(Person, models.CASCADE, related_name="badge")
    number = models.IntegerField(unique=True)

    def __str__(self):
        return str(self.number)


class Room(models.Model):
    """Its key is that of its club."""

    club = models.OneToOneField(Club, models.CASCADE, primary_key=True, related_name="room")
    floor = models.IntegerField(default=0)

    def __str__(self):
        return f"room of {self.club}"


class Meeting(models.Model):
    club = models.ForeignKey(Club, models.CASCADE, related_name="meetings")
    day = models.DateField()
    host = models.ForeignKey(
        Person, models.SET_NULL, null=True, blank=True, related_name="meetings"
    )

    class Meta:
        ordering = ["day"]
        unique_together = [("club", "day")]

    def __str__(self):
        return f"{self.club} on {self.day}"


class Remark(models.Model):
    """On a club, a person, or anything."""

    content_type = models.ForeignKey(
        ContentType, models.CASCADE, db_constraint=False, related_name="+"
    )
    object_id = models.PositiveBigIntegerField()
    about = GenericForeignKey()
    text = models.CharField(max_length=40)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.text
