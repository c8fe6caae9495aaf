"""Customers and what was noted about them: an old system's data, on ``legacy``."""

from django.db import models


class Customer(models.Model):
    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=100)
    email = models.EmailField()
    country = models.CharField(max_length=2)

    class Meta:
        ordering = ["number"]

    def __str__(self):
        return self.name


class Note(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-written_at"]

    def __str__(self):
        return self.text[:40]
