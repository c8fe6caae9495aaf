from django import forms

from crm.models import Customer


class OrderForm(forms.Form):
    customer_number = forms.IntegerField(min_value=1)
    quantity = forms.IntegerField(min_value=1, max_value=99, initial=1)

    def clean_customer_number(self):
        """Customers are looked up where they live: on ``legacy``."""
        number = self.cleaned_data["customer_number"]
        if not Customer.objects.filter(number=number).exists():
            raise forms.ValidationError("No customer has this number.")
        return number
