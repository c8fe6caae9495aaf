"""The catalogue: pages that read from a replica without saying so."""

from django.db.models import Q
from django.views.generic import DetailView, ListView

from analytics.models import PageView
from catalog.models import Category, Product
from orders.forms import OrderForm


class ProductList(ListView):
    paginate_by = 12
    context_object_name = "products"

    def get_queryset(self):
        products = Product.objects.select_related("category").prefetch_related("tags")
        category = self.request.GET.get("category")
        if category:
            products = products.filter(category__slug=category)
        words = self.request.GET.get("q", "").split()
        for word in words:
            products = products.filter(Q(name__icontains=word) | Q(tags__name__icontains=word))
        return products.distinct()

    def get_context_data(self, **kwargs):
        return super().get_context_data(categories=Category.objects.all(), **kwargs)


class ProductPage(DetailView):
    """Reads the product from a replica, and writes down in ``analytics`` that it was looked at."""

    queryset = Product.objects.select_related("category").prefetch_related("tags")

    def get_object(self, queryset=None):
        product = super().get_object(queryset)
        PageView.objects.create(path=self.request.path, product_number=product.pk)
        return product

    def get_context_data(self, **kwargs):
        return super().get_context_data(form=OrderForm(), **kwargs)
