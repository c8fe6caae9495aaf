"""Orders: they point at products by foreign key, at customers by number.

Products live on the same database. Customers live on another one, so the order keeps their number
in a plain column.
"""

from django.db import models
from django.db.models import F, Sum
from django.urls import reverse

from catalog.models import Product


class Order(models.Model):
    class Status(models.TextChoices):
        OPEN = "open"
        PAID = "paid"
        SENT = "sent"

    customer_number = models.PositiveIntegerField(db_index=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    placed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-placed_at", "-pk"]

    def __str__(self):
        return f"Order {self.pk} of customer {self.customer_number}"

    def get_absolute_url(self):
        return reverse("orders:order", args=[self.pk])

    @property
    def total(self):
        return self.lines.aggregate(total=Sum(F("quantity") * F("price")))["total"] or 0


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lines")
    quantity = models.PositiveSmallIntegerField(default=1)
    price = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.quantity} x {self.product}"
