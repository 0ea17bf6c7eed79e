"""Settings of the shop as a larger project has them: more of Django's own apps, eight
languages, and a price list that is kept in memory."""
from shop.settings import *     # noqa: F401,F403
from shop.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = INSTALLED_APPS + [
    'django.contrib.admindocs', 'django.contrib.flatpages', 'django.contrib.humanize',
    'django.contrib.redirects', 'django.contrib.sitemaps', 'django.contrib.sites',
    'django.contrib.staticfiles', 'django.contrib.syndication']
MIDDLEWARE = MIDDLEWARE[:2] + ['django.middleware.locale.LocaleMiddleware'] + MIDDLEWARE[2:]
SITE_ID = 1
LANGUAGES = [(code, code) for code in ('en', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'pt')]
PRICE_LIST = 20000      # products
