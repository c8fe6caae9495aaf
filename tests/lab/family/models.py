"""Children and their parents, one relation for each type of key; tests put the two apart.

No relation has a database constraint.
"""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Number(models.Model):
    """Its key is a number."""

    note = models.CharField(max_length=20, blank=True)

    def __str__(self):
        return str(self.pk)


class Word(models.Model):
    """Its key is text."""

    word = models.CharField(max_length=20, primary_key=True)

    def __str__(self):
        return self.word


class Token(models.Model):
    """Its key is a UUID."""

    id = models.UUIDField(primary_key=True)

    def __str__(self):
        return str(self.pk)


class Child(models.Model):
    """With a parent of each kind, or without."""

    number = models.ForeignKey(Number, models.CASCADE, null=True, db_constraint=False)
    word = models.ForeignKey(Word, models.SET_NULL, null=True, db_constraint=False)
    token = models.ForeignKey(Token, models.SET_NULL, null=True, db_constraint=False)
    coded = models.ForeignKey(
        "Coded", models.DO_NOTHING, null=True, to_field="code", db_constraint=False
    )
    numbers = models.ManyToManyField(Number, related_name="many", db_constraint=False)

    def __str__(self):
        return str(self.pk)


class Coded(models.Model):
    """Children point to its code, not to its key."""

    code = models.IntegerField(unique=True)
    number = models.ForeignKey(Number, models.CASCADE, null=True, db_constraint=False)

    def __str__(self):
        return str(self.code)


class Toy(models.Model):
    """It goes with its child."""

    child = models.ForeignKey(Child, models.CASCADE, db_constraint=False)
    owner = models.OneToOneField(Number, models.CASCADE, null=True, db_constraint=False)

    def __str__(self):
        return str(self.pk)


class Medal(models.Model):
    """It keeps its child."""

    child = models.ForeignKey(Child, models.PROTECT, db_constraint=False)

    def __str__(self):
        return str(self.pk)


class Sticker(models.Model):
    """On anything, whatever its key; or on nothing."""

    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True, db_constraint=False)
    object_id = models.CharField(max_length=40, null=True)  # noqa: DJ001 (on nothing)
    target = GenericForeignKey()

    def __str__(self):
        return str(self.pk)
