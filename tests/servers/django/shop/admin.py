"""The shop's models in Django's admin."""
from django.contrib import admin

from shop.models import Category, Product


class ProductAdmin(admin.ModelAdmin):
    list_display = ('name', 'category', 'price')
    list_filter = ('category',)
    search_fields = ('name',)


admin.site.register(Category)
admin.site.register(Product, ProductAdmin)
