"""Two models whose tables ``data`` makes: a book refers to an author, perhaps on another database."""

from django.db import models


class Author(models.Model):
    """Lives on ``authors`` where there are two databases."""

    name = models.TextField()
    country = models.CharField(max_length=2, db_index=True)
    bucket = models.IntegerField(unique=True)
    born = models.DateField()

    class Meta:
        db_table = "author"

    def __str__(self):
        return self.name


class Book(models.Model):
    """Lives on ``books`` where there are two databases."""

    title = models.TextField()
    author = models.ForeignKey(Author, models.CASCADE)
    stock = models.IntegerField()
    published = models.DateField(db_index=True)

    class Meta:
        db_table = "book"

    def __str__(self):
        return self.title
