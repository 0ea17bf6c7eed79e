"""Where the pages are."""
from django.contrib import admin

from shop import views

try:
    from django.urls import re_path
except ImportError:     # Django 1.11
    from django.conf.urls import url as re_path

urlpatterns = [
    re_path(r'^$', views.index),
    re_path(r'^product/(\d+)/$', views.product),
    re_path(r'^api/product/(\d+)$', views.product_json),
    re_path(r'^cart/$', views.cart),
    re_path(r'^broken/$', views.broken),
    re_path(r'^admin/', admin.site.urls),
]
