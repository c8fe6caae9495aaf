"""Whom the shop buys from: ordinary foreign keys and many-to-many relations over three databases.

Suppliers are on ``legacy`` beside the customers, deliveries on ``analytics``, complaints on
``default`` with the catalogue that all of them speak of.
"""

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from catalog.models import Product, Tag


class Supplier(models.Model):
    name = models.CharField(max_length=80, unique=True)
    country = models.CharField(max_length=2)
    specialities = models.ManyToManyField(Tag, blank=True, related_name="suppliers")
    remarks = GenericRelation("Remark", related_query_name="supplier")

    class Meta:
        using = "legacy"
        ordering = ["name"]

    def __str__(self):
        return self.name


class Delivery(models.Model):
    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE, related_name="deliveries")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="deliveries")
    quantity = models.PositiveIntegerField()
    delivered_on = models.DateField()
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        limit_choices_to={"is_staff": True},
    )

    class Meta:
        using = "analytics"
        ordering = ["-delivered_on", "pk"]
        verbose_name_plural = "deliveries"

    def __str__(self):
        return f"{self.quantity} x {self.product} on {self.delivered_on}"


class Complaint(models.Model):
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="complaints")
    text = models.CharField(max_length=200)
    settled = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.text


class Remark(models.Model):
    """On anything in the shop, whatever its database."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    about = GenericForeignKey()
    text = models.CharField(max_length=200)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.text
