"""A web shop on WSGI: routing, sessions, templates, SQL and JSON.

One unit of scale is one product of the catalogue, with its reviews, tags,
attributes and translations, kept both in an in-memory SQLite database and as linked
model instances in an identity map.  The default scale warms a heap of
some 110 to 200 MiB, whichever the version of CPython.

Requests go through a real WSGI callable: middleware for errors, logging and
sessions, a router, parameterised queries, compiled templates, JSON.  Each leaves
cyclic garbage of about PERMAFROST_WEBAPP_GARBAGE_KIB kibibytes (an environment
variable read by ``warm``, default 200, 0 for none), which only the collector can
free: request, response and result rows that refer to each other, traceback cycles,
and a unit of work with versions of the models that it touched.  It is weighed with
sys.getsizeof, so it is the same on every version; PyPy can only count objects.

Every store (sessions, carts, orders, cached fragments, log lines) is bounded and
filled to its bound by ``warm``, so that what grows afterwards is the garbage.
"""

import collections
import hashlib
import io
import itertools
import json
import logging
import os
import random
import re
import sqlite3
import sys
import traceback
from wsgiref.util import setup_testing_defaults

try:
    from http.client import responses
    from http.cookies import SimpleCookie
    from urllib.parse import parse_qsl
except ImportError:  # Python 2
    from Cookie import SimpleCookie
    from httplib import responses
    from urlparse import parse_qsl

SCALE = 8000
WSGI = True

GARBAGE_VARIABLE = 'PERMAFROST_WEBAPP_GARBAGE_KIB'

# The bounds of the stores: sessions, cached fragments (and promoted products), orders
# and log lines, and in each session the lines of the cart and the products seen.
SESSIONS, FRAGMENTS, ORDERS, LOG_LINES, CART_LINES, SEEN = 512, 256, 200, 256, 6, 10
CLIENTS, USERS, PAGE = 61, 100, 24

LANGUAGES = ('en', 'de', 'fr', 'es')
MESSAGES = {
    'cart': (u'Cart', u'Warenkorb', u'Panier', u'Cesta'),
    'reviews': (u'Reviews', u'Bewertungen', u'Avis', u'Rese\xf1as'),
    'related': (u'See also', u'Siehe auch', u'Voir aussi', u'V\xe9ase tambi\xe9n'),
    'search': (u'Search', u'Suche', u'Recherche', u'B\xfasqueda'),
    'welcome': (u'Welcome', u'Willkommen', u'Bienvenue', u'Bienvenido'),
}
NOUNS = (u'lamp kettle chair desk shelf clock mirror basket blanket cushion teapot vase tent '
         u'bottle backpack jacket scarf glove boot stove compass lantern hammock').split()
ADJECTIVES = u'oak linen copper wool quiet folding narrow tall round light blue amber'.split()
VERBS = u'holds keeps fits suits follows carries brightens outlasts warms replaces'.split()
ATTRIBUTES = u'material origin width height depth weight colour warranty care energy'.split()

text = type(u'')


try:
    sys.getsizeof(())
    size_of = sys.getsizeof
except TypeError:  # PyPy has no answer, because its objects have no fixed size.
    def size_of(item):
        return 200


def weigh(*objects):
    """Return the bytes of these objects alone, rounded as the allocator rounds."""
    return sum([(size_of(item) + 15) & ~15 for item in objects])


SCHEMA = """
create table category (id integer primary key, slug text, title text);
create table product (id integer primary key, category integer, slug text, name text,
    price integer, stock integer, attributes text, tags text, translations text);
create table review (id integer primary key, product integer, author text, rating integer,
    body text);
create table term (word text, product integer);
create table account (id integer primary key, email text unique, secret text);
create table purchase (id integer primary key, account integer, lines text, total integer);
create index product_category on product (category, price, id);
create index term_word on term (word, product);
"""


class Model(object):
    """One row as an object."""

    columns = ()        # The table's columns in order,
    documents = ()      # those of them that hold JSON,
    parts = ()          # and the names of the lists of models that belong to this one.

    def __init__(self, values):
        for name, value in zip(self.columns, values):
            setattr(self, name, json.loads(value) if name in self.documents else value)
        for name in self.parts:
            setattr(self, name, [])


class Category(Model):
    columns = ('id', 'slug', 'title')
    parts = ('products',)


class Product(Model):
    columns = ('id', 'category', 'slug', 'name', 'price', 'stock', 'attributes', 'tags',
               'translations')
    documents = ('attributes', 'tags', 'translations')
    parts = ('reviews',)

    def rating(self):
        return sum(review.rating for review in self.reviews) / float(len(self.reviews))


class Review(Model):
    columns = ('id', 'product', 'author', 'rating', 'body')


class Catalogue(object):
    """The identity map: every row of the catalogue is exactly one linked instance."""

    def __init__(self, connection):
        self.categories, self.products, self.reviews = {}, {}, {}
        self.tables = ((Category, self.categories), (Product, self.products),
                       (Review, self.reviews))
        self.links = ((self.categories, 'products', self.products, 'category'),
                      (self.products, 'reviews', self.reviews, 'product'))
        for kind, held in self.tables:
            for values in connection.execute(self.select(kind)):
                held[values[0]] = kind(values)
        for owners, parts, held, owner in self.links:
            for key in sorted(held):
                setattr(held[key], owner, owners[getattr(held[key], owner)])
                getattr(getattr(held[key], owner), parts).append(held[key])

    @staticmethod
    def select(kind):
        return 'select %s from %s order by id' % (', '.join(kind.columns), kind.__name__)


def secret_of(email, password):
    """Return the hash that stands for a password in the account table."""
    return text(hashlib.sha256((email + password).encode('utf-8')).hexdigest())


def fill_database(connection, scale):
    """Write a catalogue of ``scale`` products, its customers and their past orders."""
    choice = random.choice
    sentences = [u'The %s %s %s the %s %s.' % (
        choice(ADJECTIVES), choice(NOUNS), choice(VERBS), choice(ADJECTIVES), choice(NOUNS))
        for _ in range(400)]
    accents = (u'', u' Gr\xf6\xdfe.', u' D\xe9j\xe0 vu.', u' Ma\xf1ana.')
    connection.executescript(SCHEMA)
    groups = max(1, min(120, scale // 10))
    connection.executemany('insert into category values (?, ?, ?)', [
        (key, u'%s-%d' % (NOUNS[key % len(NOUNS)], key),
         u'%s & %s' % (NOUNS[key % len(NOUNS)].title(), choice(NOUNS)))
        for key in range(1, groups + 1)])
    for key in range(1, scale + 1):
        name = u'%s %s' % (choice(ADJECTIVES), choice(NOUNS))
        attributes = dict((word, u'%s %d' % (choice(ADJECTIVES), key % (7 + at)))
                          for at, word in enumerate(ATTRIBUTES))
        tags = [u'%s-%d' % (word, key % 50) for word in name.split()]
        translations = dict((language, {
            'name': u'%s (%s)' % (name, language), 'unit': u'%d pc' % (1 + key % 9),
            'summary': choice(sentences), 'care': choice(sentences) + accents[at],
            'description': u' '.join([choice(sentences), choice(sentences), accents[at]])})
            for at, language in enumerate(LANGUAGES))
        connection.execute('insert into product values (?, ?, ?, ?, ?, ?, ?, ?, ?)', (
            key, 1 + key % groups, u'%s-%d' % (name.replace(u' ', u'-'), key), name,
            500 + (key * 7919) % 90000, 100, json.dumps(attributes, sort_keys=True),
            json.dumps(tags), json.dumps(translations, sort_keys=True)))
        connection.executemany('insert into review values (?, ?, ?, ?, ?)', [
            (key * 6 + at, key, u'reader%d' % ((key * 31 + at) % 997), 1 + (key + at) % 5,
             choice(sentences) + u' ' + choice(sentences)) for at in range(6)])
        connection.executemany('insert into term values (?, ?)',
                               [(word, key) for word in sorted(set(name.split()))])
    for key in range(1, USERS + 1):
        email = u'user%d@shop.example' % key
        connection.execute('insert into account values (?, ?, ?)',
                           (key, email, secret_of(email, u'pass%d' % key)))
    for key in range(1, ORDERS + 1):
        lines = [[1 + (key * at) % scale, at, 1000] for at in range(1, 4)]
        connection.execute('insert into purchase values (?, ?, ?, ?)',
                           (key, 1 + key % USERS, text(json.dumps(lines)), 6000))
    connection.commit()


class LeastRecent(object):
    """A mapping of at most ``bound`` entries that forgets the least recently used."""

    def __init__(self, bound):
        self.bound = bound
        self.entries = collections.OrderedDict()

    def get(self, key):
        """Return the entry and make it the most recent one, or None without it."""
        return self.put(key, self.entries[key]) if key in self.entries else None

    def put(self, key, value):
        self.entries.pop(key, None)
        self.entries[key] = value
        while len(self.entries) > self.bound:
            self.entries.popitem(last=False)
        return value


class RingHandler(logging.Handler):
    """Formats every record, as a real handler does, and keeps only the last lines."""

    def __init__(self, bound):
        logging.Handler.__init__(self)
        self.lines = collections.deque(maxlen=bound)

    def emit(self, record):
        self.lines.append(self.format(record))


class Session(object):
    """What the shop remembers of one visitor; both collections are bounded."""

    __slots__ = ('key', 'account', 'cart', 'seen')

    def __init__(self, key):
        self.key = key
        self.account = None
        self.cart = {}
        self.seen = []


def escape(value):
    """Return ``value`` as text that is safe inside HTML text and attributes."""
    return (text(value).replace(u'&', u'&amp;').replace(u'<', u'&lt;')
            .replace(u'>', u'&gt;').replace(u'"', u'&quot;').replace(u"'", u'&#x27;'))


class Template(object):
    """A page compiled to a Python function of its parameters.

    ``{{ expression }}`` is escaped, ``{{! expression }}`` is markup already, and
    ``{% for ... %}`` and ``{% if ... %}`` last until ``{% end %}``.
    """

    TOKEN = re.compile(r'({{.*?}}|{%.*?%})')

    def __init__(self, name, parameters, source):
        lines = [u'def render(%s):' % parameters, u'    out = []', u'    put = out.append']
        depth = 1
        for token in self.TOKEN.split(source):
            pad = u'    ' * depth
            inner = token[2:-2].strip()
            if token.startswith(u'{{!'):
                lines.append(u'%sput(%s)' % (pad, inner[1:].strip()))
            elif token.startswith(u'{{'):
                lines.append(u'%sput(escape(%s))' % (pad, inner))
            elif token.startswith(u'{%') and inner == u'end':
                depth -= 1
            elif token.startswith(u'{%'):
                lines.append(u'%s%s:' % (pad, inner))
                depth += 1
            elif token:
                lines.append(u'%sput(%r)' % (pad, token))
        lines.append(u"    return u''.join(out)")
        namespace = {'escape': escape}
        exec(compile(u'\n'.join(lines) + u'\n', '<template %s>' % name, 'exec'), namespace)
        self.render = namespace['render']


TEMPLATES = {
    'layout': ('title, language, message, navigation, session, body', u'''<!DOCTYPE html>
<html lang="{{ language }}"><head><title>{{ title }}</title></head><body>
<header>{{ message('welcome') }} {{ message('cart') }}:
{{ len(session.cart) if session else 0 }}</header>
<nav>{{! navigation }}</nav><main>{{! body }}</main></body></html>
'''),
    'navigation': ('categories', u'''<ul>{% for category in categories %}
<li><a href="/category/{{ category.slug }}">{{ category.title }}</a></li>{% end %}</ul>'''),
    'list': ('heading, products, language', u'''<h1>{{ heading }}</h1><ol>
{% for product in products %}<li><a href="/product/{{ product.id }}">
{{ product.translations[language]['name'] }}</a> <b>{{ '%.2f' % (product.price / 100.0) }}</b>
<i>{{ product.translations[language]['summary'] }}</i>
{% for tag in product.tags %}<a href="/search?q={{ tag }}">{{ tag }}</a> {% end %}
{% if product.stock < 10 %}<em>!</em>{% end %}</li>{% end %}</ol>'''),
    'related': ('heading, products', u'''<h2>{{ heading }}</h2><ul>
{% for product in products %}<li><a href="/product/{{ product.id }}">{{ product.name }}</a>
{{ '%.2f' % (product.price / 100.0) }}</li>{% end %}</ul>'''),
    'product': ('product, words, message, related', u'''<h1>{{ words['name'] }}</h1>
<p>{{ words['description'] }}</p><p>{{ words['care'] }}</p>
<p>{{ '%.2f' % (product.price / 100.0) }} / {{ words['unit'] }}</p><dl>
{% for name in sorted(product.attributes) %}<dt>{{ name }}</dt>
<dd>{{ product.attributes[name] }}</dd>{% end %}</dl>
<form method="post" action="/cart"><input name="product" value="{{ product.id }}"></form>
<h2>{{ message('reviews') }} {{ '%.1f' % product.rating() }}</h2>
{% for review in product.reviews %}<article><b>{{ '*' * review.rating }}</b>
<p>{{ review.body }}</p><address>{{ review.author }}</address></article>{% end %}
{{! related }}'''),
    'error': ('status, detail', u'''<h1>{{ status }}</h1><pre>{{ detail }}</pre>'''),
}


STATUS = dict((code, '%d %s' % (code, name)) for code, name in responses.items())


class HTTPError(Exception):
    """Ends a request with an error page; the arguments are its status and detail."""


class Tracked(object):
    """One version of a model in a unit of work: its values now and as they were read.

    It has slots because sys.getsizeof tells the whole size of such an instance on
    every version, which it does not for one with a ``__dict__``.
    """

    __slots__ = ('unit', 'model', 'values', 'read', 'parent', 'parts')

    def __init__(self, unit, model, parent):
        self.unit = unit
        self.model = model
        self.values = dict([(name, getattr(model, name)) for name in model.columns])
        self.read = dict(self.values)
        self.parent = parent
        self.parts = []
        if parent is not None:
            parent.parts.append(self)


class UnitOfWork(object):
    """What one request read, until ``left`` bytes of cyclic objects are used up."""

    __slots__ = ('connection', 'left', 'tracked', 'results')

    def __init__(self, connection, left):
        self.connection = connection
        self.left = left
        self.tracked = []
        self.results = []

    def query(self, statement, *arguments):
        """Run a parameterised query and return its rows."""
        cursor = self.connection.execute(statement, arguments)
        names = [column[0] for column in cursor.description]
        rows = []
        # Every row knows the rows it came with, which makes a result a cycle.
        rows.extend([dict(zip(names, values), result=rows) for values in cursor.fetchall()])
        self.results.append(rows)
        self.left -= weigh(rows)
        if rows:
            self.left -= len(rows) * weigh(rows[0], *[rows[0][name] for name in names])
        return rows

    def track(self, products):
        """Take versions of these products and their reviews while bytes are left."""
        for product in products:
            parent = None
            for model in itertools.chain((product,), product.reviews):
                if self.left <= 0:
                    return
                version = Tracked(self, model, parent)
                parent = parent or version
                self.tracked.append(version)
                # The last term is for the items of two lists that refer to it.
                self.left -= weigh(version, version.values, version.read, version.parts) + 24


class Response(object):
    __slots__ = ('context', 'status', 'headers', 'body')

    def __init__(self, context, body, status=200, kind='text/html; charset=utf-8'):
        self.context = context
        context.response = self
        self.status = status
        self.body = body.encode('utf-8')
        self.headers = [('Content-Type', kind), ('Content-Length', str(len(self.body)))]


class Context(object):
    """One request: what the server handed in, and all that was made of it."""

    __slots__ = ('shop', 'environ', 'method', 'path', 'query', 'form', 'language', 'session',
                 'unit', 'response', 'failure')

    def __init__(self, shop, environ):
        self.shop = shop
        self.environ = environ
        environ['shop.context'] = self      # A cycle; most frameworks leave this one.
        self.method = environ['REQUEST_METHOD']
        self.path = environ['PATH_INFO']
        self.query = dict(decoded_pairs(environ.get('QUERY_STRING', '')))
        sent = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
        self.form = dict(decoded_pairs(str(sent.decode('latin-1'))))
        wanted = environ.get('HTTP_ACCEPT_LANGUAGE', '')[:2]
        self.language = wanted if wanted in LANGUAGES else LANGUAGES[0]
        self.session = self.response = self.failure = None
        self.unit = UnitOfWork(shop.connection, shop.garbage)

    def message(self, key):
        """Return a message of the catalogue in the visitor's language."""
        return self.shop.messages[self.language][key]

    def page(self, title, template, *arguments, **options):
        """Return the response that shows a template inside the layout of every page."""
        body = self.shop.templates[template].render(*arguments)
        return Response(self, self.shop.templates['layout'].render(
            title, self.language, self.message, self.shop.navigation, self.session, body),
            **options)

    def listing(self, title, rows):
        products = [self.shop.catalogue.products[row['id']] for row in rows]
        return self.page(title, 'list', title, products, self.language)

    def json(self, document):
        body = text(json.dumps(document, sort_keys=True))
        return Response(self, body, kind='application/json')

    def redirect(self, location):
        response = Response(self, u'See %s\n' % location, 302, 'text/plain; charset=utf-8')
        response.headers.append(('Location', str(location)))
        return response

    def close(self):
        """Bring the garbage to its size, or take everything apart when none is wanted."""
        if self.shop.garbage:
            self.unit.left -= weigh(self, self.environ, self.query, self.response,
                                    self.response.body, self.response.headers) + 1024
            self.unit.track(itertools.cycle(self.shop.promoted))
        else:
            for rows in self.unit.results:
                del rows[:]
            self.environ = self.response = self.failure = None


def decoded_pairs(query):
    """Return the names and values of an encoded form as text, on Python 2 too."""
    return [tuple(part if isinstance(part, text) else part.decode('utf-8', 'replace')
                  for part in pair) for pair in parse_qsl(query)]


# Middleware: each takes the next handler and returns one that wraps it.

def with_errors(handler):
    """Turn exceptions into pages: those of HTTP as they say, any other into a 500."""
    def handle(context):
        try:
            return handler(context)
        except HTTPError as problem:
            status, detail = problem.args
        except Exception:
            # Error reporters keep the frames, and the frames keep this context: the
            # cycle that every traceback kept this way makes.
            context.failure = sys.exc_info()
            context.shop.log.error('%s %s failed', context.method, context.path, exc_info=True)
            status, detail = 500, text(''.join(traceback.format_exception(*context.failure)))
        return context.page(STATUS[status], 'error', STATUS[status], detail, status=status)
    return handle


def with_logging(handler):
    """Log every request with its outcome."""
    def handle(context):
        response = handler(context)
        context.shop.log.info('%s %s -> %d, %d bytes in %s, %d queries', context.method,
                              context.path, response.status, len(response.body),
                              context.language, len(context.unit.results))
        return response
    return handle


def with_session(handler):
    """Find the visitor's session by the cookie, or begin a new one."""
    def handle(context):
        sessions = context.shop.sessions
        morsel = SimpleCookie(context.environ.get('HTTP_COOKIE', '')).get('session')
        context.session = sessions.get(morsel.value) if morsel else None
        if context.session is not None:
            return handler(context)
        session = context.session = Session('%032x' % random.getrandbits(128))
        sessions.put(session.key, session)
        response = handler(context)
        response.headers.append(('Set-Cookie', 'session=%s; Path=/; HttpOnly' % session.key))
        return response
    return handle


def find_product(context, key):
    product = context.shop.catalogue.products.get(key)
    if product is None:
        raise HTTPError(404, u'No product %d' % key)
    context.unit.track([product])
    return product


def show_index(context):
    promoted = context.shop.promoted[len(context.session.seen):][:PAGE]
    return context.page(u'Shop', 'list', context.message('welcome'), promoted, context.language)


def show_category(context, slug):
    rows = context.unit.query(
        'select product.id, title from category join product on category = category.id '
        'where category.slug = ? order by price, product.id limit ?', slug, PAGE)
    if not rows:
        raise HTTPError(404, u'No category %s' % slug)
    return context.listing(rows[0]['title'], rows)


def show_product(context, key):
    product = find_product(context, key)
    context.session.seen.append(key)
    del context.session.seen[:-SEEN]
    words = product.translations[context.language]
    return context.page(words['name'], 'product', product, words, context.message,
                        context.shop.related(product, context.language))


def show_search(context):
    asked = context.query.get('q', u'')
    rows = context.unit.query('select product as id from term where word = ? '
                              'order by product limit ?', asked.lower(), PAGE)
    return context.listing(u'%s: %s' % (context.message('search'), asked), rows)


def api_product(context, key):
    product = find_product(context, key)
    document = dict((name, getattr(product, name)) for name in product.columns)
    return context.json(dict(document, category=product.category.slug, rating=product.rating(),
                             reviews=[[review.author, review.rating, review.body]
                                      for review in product.reviews]))


def add_to_cart(context):
    cart = context.session.cart
    try:
        product = find_product(context, int(context.form['product']))
        cart[product.id] = min(99, cart.get(product.id, 0) + int(context.form['quantity']))
    except (KeyError, ValueError):
        raise HTTPError(400, u'Product and quantity must be numbers')
    # A full cart gives up its lowest product number.
    if len(cart) > CART_LINES:
        del cart[min(key for key in cart if key != product.id)]
    return context.redirect('/')


def check_out(context):
    """Turn the cart into an order; the oldest order makes room for it."""
    session, shop = context.session, context.shop
    if not session.account or not session.cart:
        return context.redirect('/')
    lines = []
    for key, quantity in sorted(session.cart.items()):
        product = find_product(context, key)
        product.stock = (product.stock - quantity) % 200
        lines.append([key, quantity, product.price])
    with shop.connection as connection:
        total = sum(line[1] * line[2] for line in lines)
        order = connection.execute('insert into purchase values (null, ?, ?, ?)', (
            session.account, text(json.dumps(lines)), total)).lastrowid
        connection.executemany('update product set stock = ? where id = ?', [
            (shop.catalogue.products[line[0]].stock, line[0]) for line in lines])
        connection.execute('delete from purchase where id <= ?', (order - ORDERS,))
    session.cart.clear()
    return context.redirect('/')


def log_in(context):
    email = context.form.get('email', u'')
    rows = context.unit.query('select id, secret from account where email = ?', email)
    if not rows or rows[0]['secret'] != secret_of(email, context.form.get('password', u'')):
        raise HTTPError(403, u'Wrong e-mail address or password')
    context.session.account = rows[0]['id']
    return context.redirect('/')


def show_report(context, month):
    """Fail as reports do on a month without sales."""
    rows = context.unit.query('select total from purchase where id < ?', -month)
    return context.json(sum(row['total'] for row in rows) // len(rows))


class Shop(object):
    """The WSGI application and all that it holds."""

    CONVERTERS = {'int': (r'[0-9]{1,9}', int), 'slug': (r'[a-z0-9-]+', text)}
    ROUTES = (
        ('GET', '/', show_index),
        ('GET', '/category/<slug:slug>', show_category),
        ('GET', '/product/<int:key>', show_product),
        ('GET', '/search', show_search),
        ('GET', '/api/products/<int:key>', api_product),
        ('POST', '/cart', add_to_cart),
        ('POST', '/checkout', check_out),
        ('POST', '/login', log_in),
        ('GET', '/admin/report/<int:month>', show_report),
    )

    def __init__(self, scale, garbage):
        self.garbage = garbage
        self.connection = sqlite3.connect(':memory:')
        fill_database(self.connection, scale)
        self.catalogue = Catalogue(self.connection)
        self.promoted = [self.catalogue.products[key] for key in random.sample(
            range(1, scale + 1), min(FRAGMENTS, scale))]
        self.messages = dict((language, dict((key, MESSAGES[key][at]) for key in MESSAGES))
                             for at, language in enumerate(LANGUAGES))
        self.templates = dict((name, Template(name, *parts))
                              for name, parts in sorted(TEMPLATES.items()))
        self.navigation = self.templates['navigation'].render(
            [self.catalogue.categories[key] for key in sorted(self.catalogue.categories)])
        self.log = logging.Logger('shop', logging.INFO)
        self.lines = RingHandler(LOG_LINES)
        self.lines.setFormatter(logging.Formatter('%(asctime)s %(name)s %(message)s'))
        self.log.addHandler(self.lines)
        self.routes = []
        for method, path, view in self.ROUTES:
            for kind in self.CONVERTERS:
                path = re.sub('<%s:([a-z]+)>' % kind, r'(?P<%s_\1>%s)' % (
                    kind, self.CONVERTERS[kind][0]), path)
            self.routes.append((method, re.compile(path + r'\Z'), view))
        self.handler = with_errors(with_logging(with_session(with_errors(self.dispatch))))
        self.sessions = LeastRecent(SESSIONS)
        self.fragments = LeastRecent(FRAGMENTS)
        self.cookies = [None] * CLIENTS
        self.fill_stores(scale)
        self.pinned = self.pin()

    def fill_stores(self, scale):
        """Bring every bounded store to its bound, where it will stay."""
        for at in range(SESSIONS):
            session = Session('%032x' % random.getrandbits(128))
            session.seen.extend([1 + (at + step) % scale for step in range(SEEN)])
            session.cart.update((1 + (at * step) % scale, 1) for step in range(CART_LINES))
            self.sessions.put(session.key, session)
            if at < CLIENTS:  # These are the visitors that come back, so they buy at once.
                session.account = 1 + at
                self.cookies[at] = 'session=' + session.key
            self.log.info('session %s began with %d products', session.key, len(session.cart))
        for language, product in itertools.product(LANGUAGES, self.promoted):
            if len(self.fragments.entries) < FRAGMENTS:
                self.related(product, language)

    def pin(self):
        """Return a page that no request changes, for ``check`` to compare."""
        product = self.catalogue.products[1]
        return self.templates['product'].render(
            product, product.translations['fr'], self.messages['fr'].get, u'')

    def related(self, product, language):
        """Return the cached fragment that shows other products of the category."""
        fragment = self.fragments.get((product.id, language))
        if fragment is None:
            others = product.category.products
            at = others.index(product) + 1
            fragment = self.fragments.put((product.id, language), self.templates[
                'related'].render(self.messages[language]['related'],
                                  (others[at:] + others[:at])[:6]))
        return fragment

    def dispatch(self, context):
        """Call the view of the first route that matches, with its converted arguments."""
        allowed = False
        for method, pattern, view in self.routes:
            found = pattern.match(context.path)
            if found and method == context.method:
                arguments = {}
                for key, value in found.groupdict().items():
                    kind, name = key.split('_')
                    arguments[name] = self.CONVERTERS[kind][1](value)
                return view(context, **arguments)
            allowed = allowed or found
        raise HTTPError(405 if allowed else 404, text(repr(context.path)))

    def __call__(self, environ, start_response):
        context = Context(self, environ)
        response = self.handler(context)
        start_response(STATUS[response.status], response.headers)
        context.close()
        return [response.body]


def visit(shop, path, form=None, client=None, language='en', through=None):
    """Send one request as a server does, or ``through`` one; return status, headers, body.

    ``form`` is an encoded form to post, or None to get; ``client`` is None without cookies.
    """
    path, _, query = path.partition('?')
    sent = (form or '').encode('ascii')
    environ = {'REQUEST_METHOD': 'GET' if form is None else 'POST', 'PATH_INFO': str(path),
               'QUERY_STRING': str(query), 'CONTENT_LENGTH': str(len(sent)),
               'wsgi.input': io.BytesIO(sent), 'HTTP_ACCEPT_LANGUAGE': language,
               'HTTP_USER_AGENT': 'Visitor/1.0', 'HTTP_ACCEPT': 'text/html'}
    if client is not None and shop.cookies[client]:
        environ['HTTP_COOKIE'] = shop.cookies[client]
    setup_testing_defaults(environ)
    answer = []

    def start(status, headers, exc_info=None):
        answer.extend([status, dict(headers)])
    body = b''.join(through(shop, environ, start) if through else shop(environ, start))
    status, headers = answer
    if client is not None and 'Set-Cookie' in headers:
        shop.cookies[client] = headers['Set-Cookie'].split(';')[0]
    return status, headers, body


def warm(scale):
    """Build the shop with ``scale`` products and serve a few requests of each kind."""
    if scale < 1:
        raise ValueError('webapp: scale must be at least 1, not %r' % (scale,))
    wanted = os.environ.get(GARBAGE_VARIABLE, '200')
    if not re.match(r'[0-9]{1,7}\Z', wanted):
        raise ValueError('webapp: %s must be a whole number of kibibytes, not %r'
                         % (GARBAGE_VARIABLE, wanted))
    shop = Shop(scale, int(wanted) * 1024)
    for n in range(3 * len(MIX) + 1):
        request(shop, n)
    return shop


# What visitors ask for, and the form if they post one.  Each returning visitor goes
# through this in order, because consecutive requests of one are CLIENTS apart, which
# is one more than a multiple of the length.
MIX = (
    ('/', None), ('/product/{id}', None), ('/category/{slug}', None), ('/product/{id}', None),
    ('/search?q={noun}', None), ('/product/{id}', None), ('/cart', 'product={id}&quantity={few}'),
    ('/login', 'email=user{user}%40shop.example&password=pass{user}'),
    ('/api/products/{id}', None), ('/product/{id}', None), ('/cart', 'product={id}&quantity=1'),
    ('/category/{slug}', None), ('/checkout', 'pay=later'), ('/', None), ('/product/{id}', None),
    ('/product/{id}?from=elsewhere', None), ('/api/products/{id}', None),
    ('/admin/report/{few}', None), ('/search?q={noun}', None), ('/product/999999999', None),
)


def request(state, n, through=None):
    """Serve request ``n`` of the mix; return its status and body."""
    # A few products get most of the visits, as in any shop.
    products = state.catalogue.products
    product = products[1 + int(len(products) * ((n * 2654435761 % 2 ** 32) / 2.0 ** 32) ** 3)]
    client = n % CLIENTS
    words = {'id': product.id, 'slug': product.category.slug, 'noun': NOUNS[n % len(NOUNS)],
             'few': 1 + n % 3, 'user': 1 + client}
    path, form = MIX[n % len(MIX)]
    status, _, body = visit(state, path.format(**words), form and form.format(**words),
                            None if 'elsewhere' in path else client,
                            LANGUAGES[n // 7 % len(LANGUAGES)], through)
    return status, body


def expect(condition, complaint, *arguments):
    """Raise AssertionError; unlike the statement, also under ``python -O``."""
    if not condition:
        raise AssertionError(complaint % arguments)


def check(state):
    """Raise AssertionError unless models, database and stores agree with each other."""
    catalogue, sessions = state.catalogue, state.sessions.entries
    ask = state.connection.execute
    expect(ask('pragma integrity_check').fetchall() == [('ok',)], 'the database is damaged')
    for kind, held in catalogue.tables:
        rows = ask(catalogue.select(kind)).fetchall()
        expect([row[0] for row in rows] == sorted(held), 'rows and models differ: %s', kind)
        for values in rows:
            model = held[values[0]]
            expect(type(model) is kind and all(
                (json.loads(value) if name in kind.documents else value)
                == getattr(getattr(model, name), 'id', getattr(model, name))
                for name, value in zip(kind.columns, values)),
                '%s %d differs from its row', kind.__name__, values[0])
    for owners, parts, held, owner in catalogue.links:
        linked = [part.id for each in owners.values() for part in getattr(each, parts)
                  if getattr(part, owner) is each and held.get(part.id) is part]
        expect(sorted(linked) == sorted(held), 'some %s are not linked', parts)
    expect(len(sessions) == SESSIONS, '%d sessions are kept', len(sessions))
    for key, session in sessions.items():
        expect(session.key == key and len(session.cart) <= CART_LINES
               and len(session.seen) <= SEEN and (session.account or 0) <= USERS
               and all(item in catalogue.products for item in list(session.cart) + session.seen)
               and all(0 < quantity < 100 for quantity in session.cart.values()),
               'session %s is damaged', key)
    fragments = state.fragments.entries
    expect(len(fragments) == min(FRAGMENTS, len(catalogue.products) * len(LANGUAGES)) and all(
        type(each) is text for each in fragments.values()), 'the fragment cache is damaged')
    expect(len(state.lines.lines) == LOG_LINES and all(
        ' shop ' in line for line in state.lines.lines), 'the log is damaged')
    orders = ask('select lines, total from purchase').fetchall()
    expect(len(orders) == ORDERS and all(
        total == sum(quantity * price for _, quantity, price in json.loads(lines))
        for lines, total in orders), 'an order is damaged or missing')
    expect(state.pin() == state.pinned, 'a page has changed')
