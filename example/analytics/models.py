"""Page views: on ``analytics``, as their Meta says. Products are known here by number only."""

from django.db import models
from django.db.models import Count
from django.utils import timezone


class PageViewQuerySet(models.QuerySet):
    def most_viewed(self, limit):
        """``(product_number, views)`` of the products that were looked at most."""
        counted = self.values_list("product_number").annotate(views=Count("pk"))
        return list(counted.order_by("-views", "product_number")[:limit])


class PageView(models.Model):
    path = models.CharField(max_length=200)
    product_number = models.BigIntegerField(db_index=True)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = PageViewQuerySet.as_manager()

    class Meta:
        using = "analytics"
        ordering = ["-seen_at"]

    def __str__(self):
        return self.path
