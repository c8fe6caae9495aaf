"""What is looked at most: counted on one database, named by another."""

from django.views.generic import TemplateView

from analytics.models import PageView
from catalog.models import Product


class Popular(TemplateView):
    """The manual way over two databases: numbers from one, ``in_bulk`` of the other."""

    template_name = "analytics/popular.html"

    def get_context_data(self, **kwargs):
        counted = PageView.objects.most_viewed(10)
        products = Product.objects.in_bulk([number for number, _ in counted])
        rows = [(products[number], views) for number, views in counted if number in products]
        return super().get_context_data(rows=rows, **kwargs)
