"""One row for each user, whose version only grows."""

from django.db import models


class Profile(models.Model):
    """What its user writes and reads back."""

    version = models.IntegerField(default=1)

    def __str__(self):
        return f"{self.pk} = {self.version}"
