"""Models whose ``Meta`` names the database ``analytics``."""

from django.db import models


class Kept(models.Model):
    """An abstract parent whose ``Meta`` its children inherit."""

    note = models.CharField(max_length=100, blank=True)

    class Meta:
        abstract = True
        using = "analytics"


class Report(Kept):
    class Meta(Kept.Meta):
        pass

    def __str__(self):
        return self.note


class Reader(models.Model):
    name = models.CharField(max_length=100)
    reports = models.ManyToManyField(Report)

    class Meta:
        using = "analytics"

    def __str__(self):
        return self.name


class YearlyReport(Report):
    """A child whose own ``Meta`` says nothing: it lives with its parent."""

    year = models.IntegerField(default=2026)


class ReportProxy(Report):
    class Meta:
        proxy = True
