"""The application, and a database of 300 products made when it is imported.

Tables are made from the models: migrations would need files for each version.  What the
settings shop.large add is loaded, too, as preloading is for.
"""
import os

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()


def fill():
    """Write what the pages show, and an administrator, ann."""
    from django.contrib.auth.models import User
    from shop.models import Category, Product

    call_command('migrate', run_syncdb=True, verbosity=0)
    if Category.objects.exists():
        return
    categories = [Category.objects.create(title='Shelf %d' % key) for key in range(10)]
    Product.objects.bulk_create([
        Product(category=categories[key % 10], name='Product %d' % key,
                price=500 + key * 7919 % 9000) for key in range(300)])
    User.objects.create_superuser('ann', 'ann@shop.example', 'secret')


def load():
    """What is to be in memory before the first request."""
    from django.conf import settings
    from django.utils import translation
    from shop import prices

    prices.load(getattr(settings, 'PRICE_LIST', 0))
    if prices.by_key:
        for code, _ in settings.LANGUAGES:
            with translation.override(code):
                translation.gettext('Save')


fill()
load()
