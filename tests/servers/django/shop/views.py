"""The shop's own pages: a list, a product, and a cart in the session."""
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render

from shop import prices
from shop.models import Category, Product


def index(request):
    return render(request, 'shop/index.html', {
        'categories': Category.objects.prefetch_related('products').order_by('id'),
        'cart': request.session.get('cart', [])})


def product(request, key):
    found = get_object_or_404(Product.objects.select_related('category'), pk=key)
    # Others that cost about as much; without a list there are none.
    near = [prices.by_key[n * 61 + found.pk] for n in range(300)
            if n * 61 + found.pk in prices.by_key]
    return render(request, 'shop/product.html', {
        'product': found, 'near': [other['name'] for other in near
                                   if abs(other['price'] - found.price) < 50]})


def product_json(request, key):
    found = get_object_or_404(Product, pk=key)
    return JsonResponse({'id': found.pk, 'name': found.name, 'price': found.price})


def cart(request):
    """Put a product into the cart, which holds the last ten."""
    found = get_object_or_404(Product, pk=request.POST['product'])
    request.session['cart'] = (request.session.get('cart', []) + [found.pk])[-10:]
    return redirect('/')


def broken(request):
    raise ValueError('this page is broken on purpose')
