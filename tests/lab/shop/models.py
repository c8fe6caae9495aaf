"""Models that nothing places: each test says where they live."""

from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, models.CASCADE, null=True, related_name="books")
    tags = models.ManyToManyField(Tag)

    def __str__(self):
        return self.title


class Novel(Book):
    """A child of multi-table inheritance."""

    chapters = models.IntegerField(default=1)


class ShortBook(Book):
    class Meta:
        proxy = True


class Switch(models.Model):
    """A model with a field of its own that is called ``using``."""

    using = models.CharField(max_length=100)

    def __str__(self):
        return self.using


class Counter(models.Model):
    """Grows, so that a reader can tell older from newer."""

    key = models.CharField(max_length=20, unique=True)
    version = models.IntegerField(default=1)

    def __str__(self):
        return f"{self.key} = {self.version}"
