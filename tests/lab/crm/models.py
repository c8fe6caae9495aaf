"""Models with migrations, for tests of commands."""

from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Call(models.Model):
    number = models.CharField(max_length=100)

    def __str__(self):
        return self.number
