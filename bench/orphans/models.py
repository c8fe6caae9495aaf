"""Children on one database, their parents on another; both also in a third, for comparison."""

from django.db import models


class Parent(models.Model):
    """Lives on ``parents``."""

    name = models.CharField(max_length=20)

    class Meta:
        db_table = "parent"

    def __str__(self):
        return self.name


class Child(models.Model):
    """Lives on ``children``."""

    parent = models.ForeignKey(Parent, models.CASCADE, db_constraint=False)
    name = models.CharField(max_length=20)

    class Meta:
        db_table = "child"

    def __str__(self):
        return self.name
