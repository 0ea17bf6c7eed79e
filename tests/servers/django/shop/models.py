"""What the shop sells."""
from django.db import models


class Category(models.Model):
    title = models.CharField(max_length=80)

    class Meta:
        app_label = 'shop'

    def __str__(self):
        return str(self.title)


class Product(models.Model):
    category = models.ForeignKey(Category, on_delete=models.CASCADE,
                                 related_name='products')
    name = models.CharField(max_length=80, db_index=True)
    price = models.IntegerField()

    class Meta:
        app_label = 'shop'

    def __str__(self):
        return str(self.name)
