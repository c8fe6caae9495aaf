"""Three models: one on a replicated database, one that refers to it, and one placed elsewhere."""

from django.db import models


class Author(models.Model):
    """Lives on ``default``, which has replicas."""

    name = models.CharField(max_length=100)
    born = models.DateField(null=True)

    def __str__(self):
        return self.name


class Book(models.Model):
    """What an author's related manager asks for."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="books")

    def __str__(self):
        return f"a book of {self.author}"


class Visit(models.Model):
    """Lives on ``analytics`` where there is a policy."""

    page = models.CharField(max_length=100)

    def __str__(self):
        return self.page
