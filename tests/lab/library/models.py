"""Every kind of relation, key and column in one small world; tests scatter it over databases.

Where both ends of a relation are on one database, it has a constraint there; but not ``mentor``, as rows
are written in any order, nor ``content_type``: `migrate` makes our tables before that one.
"""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Country(models.Model):
    """Its key is text."""

    code = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=20)
    population = models.BigIntegerField(null=True)

    def __str__(self):
        return self.code


class Author(models.Model):
    name = models.CharField(max_length=20)
    country = models.ForeignKey(Country, models.SET_NULL, null=True, related_name="authors")
    mentor = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="pupils", db_constraint=False
    )
    born = models.IntegerField(null=True)
    rating = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    weight = models.FloatField(null=True)
    active = models.BooleanField(default=True)
    joined = models.DateTimeField(null=True)
    notes = GenericRelation("Note", related_query_name="author")

    def __str__(self):
        return self.name


class Passport(models.Model):
    """One for an author, or none."""

    author = models.OneToOneField(Author, models.CASCADE, related_name="passport")
    number = models.CharField(max_length=20)
    expires = models.DateField(null=True)

    def __str__(self):
        return self.number


class Publisher(models.Model):
    """It has the columns of the rarer types."""

    name = models.CharField(max_length=20)
    country = models.ForeignKey(Country, models.SET_NULL, null=True, related_name="publishers")
    founded = models.IntegerField(null=True)
    uid = models.UUIDField(null=True)
    seal = models.BinaryField(null=True)
    terms = models.JSONField(null=True)
    notice = models.DurationField(null=True)
    opens = models.TimeField(null=True)

    class Meta:
        required_db_features = {"supports_json_field"}  # else 6.1 asks each database in a check

    def __str__(self):
        return self.name


class Tag(models.Model):
    """Its key is a UUID."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=20)

    def __str__(self):
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=20)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="edited")
    publisher = models.ForeignKey(Publisher, models.SET_NULL, null=True, related_name="books")
    pages = models.IntegerField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    published = models.DateField(null=True)
    tags = models.ManyToManyField(Tag, related_name="books")
    notes = GenericRelation("Note", related_query_name="book")

    def __str__(self):
        return self.title


class Handbook(Book):
    """A child of multi-table inheritance."""

    edition = models.IntegerField()


class Review(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="reviews")
    critic = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="reviews")
    stars = models.IntegerField()
    text = models.TextField(null=True)  # noqa: DJ001 (a text that may be unknown is what is tested)

    def __str__(self):
        return str(self.stars)


class Note(models.Model):
    """On an author or a book."""

    content_type = models.ForeignKey(ContentType, models.CASCADE, db_constraint=False)
    object_id = models.BigIntegerField()
    target = GenericForeignKey()
    text = models.CharField(max_length=20)

    def __str__(self):
        return self.text
