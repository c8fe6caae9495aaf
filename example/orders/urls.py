from django.urls import path

from orders import views

app_name = "orders"
urlpatterns = [
    path("new/<slug:slug>/", views.OrderProduct.as_view(), name="new"),
    path("<int:pk>/", views.OrderPage.as_view(), name="order"),
]
