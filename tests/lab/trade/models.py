"""Every way to say what happens when a parent goes. Relations are stock: nothing says that they cross."""

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


def house():
    """The client that inherits what others leave."""
    return Client.objects.get(email="house")


class Client(models.Model):
    name = models.CharField(max_length=20)
    email = models.CharField(max_length=20, unique=True)
    remarks = GenericRelation("Remark")

    def __str__(self):
        return self.email


class Card(models.Model):
    client = models.OneToOneField(Client, models.CASCADE, primary_key=True)
    limit = models.IntegerField(default=0)

    def __str__(self):
        return str(self.limit)


class Product(models.Model):
    name = models.CharField(max_length=20)

    def __str__(self):
        return self.name


class Order(models.Model):
    client = models.ForeignKey(Client, models.CASCADE, related_name="orders")
    number = models.IntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["client", "number"], name="one_number_a_client"),
        )

    def __str__(self):
        return str(self.number)


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT)

    def __str__(self):
        return str(self.pk)


class Invoice(models.Model):
    client = models.ForeignKey(Client, models.CASCADE)
    order = models.ForeignKey(Order, models.RESTRICT)

    def __str__(self):
        return str(self.pk)


class Coupon(models.Model):
    client = models.ForeignKey(Client, models.SET_NULL, null=True, related_name="coupons")

    def __str__(self):
        return str(self.pk)


class Voucher(models.Model):
    client = models.ForeignKey(Client, models.SET_DEFAULT, default=1)

    def __str__(self):
        return str(self.pk)


class Ticket(models.Model):
    client = models.ForeignKey(Client, models.SET(house))

    def __str__(self):
        return str(self.pk)


class Visit(models.Model):
    client = models.ForeignKey(Client, models.DO_NOTHING)

    def __str__(self):
        return str(self.pk)


class Current(models.Manager):
    """A manager that leaves rows out: relations that use it have to ask the table."""

    def get_queryset(self):
        return super().get_queryset().exclude(name="closed")


class Club(models.Model):
    name = models.CharField(max_length=20)
    members = models.ManyToManyField(Client, related_name="clubs")
    partners = models.ManyToManyField("Supplier", through="Partnership", related_name="clubs")

    objects = Current()

    def __str__(self):
        return self.name


class Supplier(models.Model):
    name = models.CharField(max_length=20)

    def __str__(self):
        return self.name


class Partnership(models.Model):
    """A through table of its own, which may live apart from both ends."""

    club = models.ForeignKey(Club, models.CASCADE)
    supplier = models.ForeignKey(Supplier, models.CASCADE)
    since = models.IntegerField(default=2000)

    def __str__(self):
        return str(self.since)


class Remark(models.Model):
    content_type = models.ForeignKey(
        ContentType, models.CASCADE, db_constraint=False, related_name="+"
    )  # migrate makes our tables before that one
    object_id = models.BigIntegerField()
    target = GenericForeignKey()
    text = models.CharField(max_length=20)

    def __str__(self):
        return self.text
