"""Settings of a small shop, for Django 1.11 and all later ones.

The database is a file, $SHOP_DATABASE, or else one in a temporary folder that goes
away with the process that imported this: the template of a cell.  Each process has a
connection of its own to it.
"""
import atexit
import os
import shutil
import tempfile

SECRET_KEY = 'a secret of no consequence'
DEBUG = False
ALLOWED_HOSTS = ['shop.example']
ROOT_URLCONF = 'shop.urls'
WSGI_APPLICATION = 'shop.wsgi.application'
INSTALLED_APPS = ['django.contrib.admin', 'django.contrib.auth',
                  'django.contrib.contenttypes', 'django.contrib.sessions',
                  'django.contrib.messages', 'shop']
MIDDLEWARE = ['django.middleware.security.SecurityMiddleware',
              'django.contrib.sessions.middleware.SessionMiddleware',
              'django.middleware.common.CommonMiddleware',
              'django.middleware.csrf.CsrfViewMiddleware',
              'django.contrib.auth.middleware.AuthenticationMiddleware',
              'django.contrib.messages.middleware.MessageMiddleware']
TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates',
              'APP_DIRS': True,
              'OPTIONS': {'context_processors': [
                  'django.template.context_processors.request',
                  'django.contrib.auth.context_processors.auth',
                  'django.contrib.messages.context_processors.messages']}}]
# The default one is slow on purpose.
PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
STATIC_URL = '/static/'
USE_TZ = True


def temporary_database():
    folder, owner = tempfile.mkdtemp(prefix='permafrost-shop.'), os.getpid()
    atexit.register(lambda: os.getpid() == owner
                    and shutil.rmtree(folder, ignore_errors=True))
    return os.path.join(folder, 'shop.sqlite')


# Workers that write at the same time wait for each other.
DATABASES = {'default': {'ENGINE': 'shop.sqlite',
                         'NAME': os.environ.get('SHOP_DATABASE') or temporary_database(),
                         'OPTIONS': {'timeout': 60}}}
