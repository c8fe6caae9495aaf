"""Ordering a product and looking at the order."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import DetailView, FormView

from catalog.models import Product
from crm.models import Customer
from orders.forms import OrderForm
from orders.models import Line, Order


class OrderProduct(FormView):
    form_class = OrderForm
    template_name = "orders/order_form.html"

    def form_valid(self, form):
        with transaction.atomic():
            products = Product.objects.select_for_update()
            product = get_object_or_404(products, slug=self.kwargs["slug"])
            quantity = form.cleaned_data["quantity"]
            if product.stock < quantity:
                form.add_error("quantity", f"Only {product.stock} left.")
                return self.form_invalid(form)
            product.stock -= quantity
            product.save(update_fields=["stock"])
            order = Order.objects.create(customer_number=form.cleaned_data["customer_number"])
            Line.objects.create(
                order=order, product=product, quantity=quantity, price=product.price
            )
        messages.success(self.request, "Thank you for your order.")
        return redirect(order)


class OrderPage(DetailView):
    queryset = Order.objects.prefetch_related("lines__product")

    def get_context_data(self, **kwargs):
        """Adds the customer, who lives on another database than the order."""
        customer = Customer.objects.filter(number=self.object.customer_number).first()
        return super().get_context_data(customer=customer, **kwargs)
