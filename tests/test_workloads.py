"""Checks the workloads that come with the project, under the interpreter it runs on.

    PYTHON tests/test_workloads.py [WORKLOADS_DIR]

With --probe NAME SCALE REQUESTS as arguments after the directory it is the other side
of the determinism tests: it runs the workload and prints one line about what was made.
Runs on every interpreter of the matrix, hence neither pytest nor newer syntax.
"""
from __future__ import print_function

import gc
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

HERE = os.path.dirname(os.path.abspath(__file__))
DIRECTORY = os.path.join(os.path.dirname(HERE), 'workloads')
if len(sys.argv) > 1 and not sys.argv[1].startswith('-'):
    DIRECTORY = os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, DIRECTORY)

SEED = 20
SCALES = {'objectgraph': 2000, 'webapp': 100, 'stdlib': 2, 'finalizers': 50,
          'fragmentation': 100, 'gc_resource': 1, 'gc_resource_released': 1,
          'gc_resource_cycle': 1, 'gc_resource_pressure': 1}
PYPY = hasattr(sys, 'pypy_version_info')
WARMED = {}


def load(name):
    return __import__(name)


def warmed(name):
    """Return the module and its state at the small scale; made once, used in forks."""
    if name not in WARMED:
        random.seed(SEED)
        WARMED[name] = load(name).warm(SCALES[name])
    return load(name), WARMED[name]


def forked(function, *arguments):
    """Return what the function returns in a forked child, which is then gone.

    The result must be JSON; an exception comes back as the list of its type and text.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            random.seed(SEED + 1)
            try:
                answer = function(*arguments)
            except Exception as error:
                answer = [type(error).__name__, str(error)]
            os.write(writer, json.dumps(answer).encode('ascii'))
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, 'rb') as stream:
        answer = stream.read()
    assert os.waitpid(child, 0)[1] == 0, 'the forked child died'
    return json.loads(answer.decode('ascii'))


def resident_kib():
    with open('/proc/self/statm') as stream:
        return int(stream.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') // 1024


def probe(name, scale, requests):
    """Print what a run made: tracked objects, collections, and a digest of the answers."""
    module = load(name)
    random.seed(SEED)
    before = len(gc.get_objects())
    state = module.warm(scale)
    random.seed(SEED + 1)
    digest = hashlib.sha256()
    for n in range(requests):
        digest.update(repr(module.request(state, n)).encode('utf-8'))
    made = {'digest': digest.hexdigest()}
    if not PYPY:  # Its collector runs when bytes say so, not objects.
        made['objects'] = len(gc.get_objects()) - before
        made['count'] = gc.get_count()
        made['collections'] = getattr(gc, 'get_stats', list)()
    print(json.dumps(made, sort_keys=True))


class Contract(object):
    """What holds for every workload; mixed into one test case for each."""

    name = None
    damages = ()

    def test_text(self):
        with open(os.path.join(DIRECTORY, self.name + '.py')) as stream:
            source = stream.read()
        module = load(self.name)
        found = re.findall(r'^SCALE = ([0-9]+)$', source, re.M)
        self.assertEqual(found, [str(module.SCALE)])
        summary = module.__doc__.split('\n')[0]
        self.assertTrue(source.startswith('"""' + summary + '\n'))
        self.assertTrue(20 < len(summary) < 90 and summary.endswith('.'), summary)

    def test_scale_must_be_positive(self):
        for scale in (0, -1):
            with self.assertRaises(ValueError) as caught:
                load(self.name).warm(scale)
            self.assertIn('scale', str(caught.exception))

    def test_runs_are_equal(self):
        answers = []
        for run in range(2):
            environment = dict(os.environ, PYTHONHASHSEED='7', PYTHONDONTWRITEBYTECODE='1',
                               PERMAFROST_TEST_FILLER='x' * 500 * run)
            process = subprocess.Popen(
                [sys.executable, os.path.abspath(__file__), DIRECTORY, '--probe', self.name,
                 str(SCALES[self.name]), '40'], env=environment,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            out, err = process.communicate()
            self.assertEqual((process.returncode, err, out.count(b'\n')), (0, b'', 1))
            answers.append(json.loads(out.decode('ascii')))
        self.assertEqual(answers[0], answers[1])

    def test_check_passes_after_requests(self):
        def serve():
            module, state = warmed(self.name)
            module.check(state)
            for n in range(300):
                module.request(state, n)
            module.check(state)
            return 'sound'
        warmed(self.name)
        self.assertEqual(forked(serve), 'sound')

    def test_check_fails_on_damage(self):
        def harm(damage):
            module, state = warmed(self.name)
            damage(state)
            module.check(state)
            return 'unnoticed'
        warmed(self.name)
        for at, damage in enumerate(self.damages):
            answer = forked(harm, damage)
            self.assertEqual(answer[0], 'AssertionError', 'damage %d: %s' % (at, answer))

    def test_nothing_is_kept(self):
        def measure():
            module, state = warmed(self.name)
            counts = []
            for start in (0, 300):
                for n in range(start, start + 300):
                    module.request(state, n)
                # Up to 3.8 one object that comes back to life keeps all garbage
                # that was found with it, until the next collection.
                for _ in range(2):
                    gc.collect()
                counts.append(len(gc.get_objects()))
            return counts
        warmed(self.name)
        first, second = forked(measure)
        self.assertTrue(abs(second - first) < first * 0.01, (first, second))


def set_number(state):
    state[3].number += 1


def set_link(state):
    state[3].link['p'] = state[4]


def add_attribute(state):
    state[3].extra = None


def drop_instance(state):
    state.pop()


class ObjectGraph(Contract, unittest.TestCase):
    name = 'objectgraph'
    damages = (set_number, set_link, add_attribute, drop_instance)

    def test_structure(self):
        for scale in (1, 2, 7, 100):
            state = load('objectgraph').warm(scale)
            self.assertEqual(len(state), scale)
            self.assertEqual(len(set(id(node) for node in state)), scale)
            for number, node in enumerate(state):
                values = sorted(vars(node).values(), key=lambda value: type(value).__name__)
                self.assertEqual([type(value) for value in values], [dict, int, list])
                link, held, pair = values
                self.assertEqual((held, pair), (number, [str(number), number]))
                self.assertEqual((sorted(link), link['k']), (['k', 'p'], number))
                self.assertTrue(link['p'] is state[7 * number % scale])
            self.assertFalse(hasattr(type(state[0]), '__slots__'))

    def test_request(self):
        module = load('objectgraph')
        state = module.warm(120)
        for n in (0, 1, 2, 77):
            wanted = sum((50 * n + j) % 120 for j in range(50))
            self.assertEqual(module.request(state, n), wanted)

    @unittest.skipIf(PYPY, 'does not count what it finds')
    def test_one_cycle_is_left(self):
        module = load('objectgraph')
        state = module.warm(10)
        gc.collect()
        gc.disable()
        try:
            for n in range(10):
                module.request(state, n)
            self.assertEqual(gc.collect(), 20)
        finally:
            gc.enable()


def forget_release(state):
    state.finalized -= 1


def release_again(state):
    first = state.pair(0)
    first.__del__()


def release_early(state):
    state.kept[3].__del__()


def unlink(state):
    state.kept[3].other = state.kept[4]


class Finalizers(Contract, unittest.TestCase):
    name = 'finalizers'
    damages = (forget_release, release_again, release_early, unlink)

    @unittest.skipUnless(load('finalizers').SAFE, 'there the garbage is kept')
    def test_nothing_is_kept(self):
        Contract.test_nothing_is_kept(self)

    @unittest.skipIf(PYPY, 'finds garbage when it likes to')
    def test_what_becomes_of_a_request(self):
        module = load('finalizers')
        state = module.warm(3)
        gc.collect()
        gc.disable()
        try:
            self.assertEqual(module.request(state, 0), sum(j % 3 for j in range(50)))
            self.assertEqual((state.made, state.finalized), (26, 0))
            gc.collect()
            lost = [one for one in gc.garbage if isinstance(one, module.Resource)]
            if module.SAFE:
                self.assertEqual((state.finalized, len(state.returned), lost), (20, 2, []))
            else:
                self.assertEqual((state.finalized, len(state.returned)), (0, 0))
                self.assertEqual(len(lost), 20)
            module.check(state)
        finally:
            gc.enable()


def rename(state):
    state[2].name += 'x'


def swap(state):
    state[2], state[3] = state[3], state[2]


class Fragmentation(Contract, unittest.TestCase):
    name = 'fragmentation'
    damages = (rename, swap)

    def test_survivors(self):
        module = load('fragmentation')
        state = module.warm(30)
        self.assertEqual([one.number for one in state], [50 * n for n in range(30)])
        self.assertEqual(module.request(state, 1),
                         sum(50 * ((50 + j) % 30) for j in range(50)))


def keep_resource(state):
    state.kept = state.take()


def hold_too_many(state):
    state.most = 26


class GcResource(Contract, unittest.TestCase):
    """How many resources of a round are held at a time, by whom references are counted
    and by PyPy; a round ends with a collection."""

    name = 'gc_resource'
    damages = (keep_resource, hold_too_many)
    most = 25 if PYPY else 1
    # PyPy's collector begins to count at some tens of MiB.
    scale = 1

    def test_scale_is_not_another_workloads(self):
        self.assertRaises(ValueError, load(self.name).warm, 2000)

    def test_held(self):
        def serve():
            module = load(self.name)
            state = module.warm(self.scale)
            counts = []
            for n in range(50):
                self.assertEqual(module.request(state, n), self.scale)
                counts.append(len(state.held))
            self.assertEqual(state.taken, 50)
            module.check(state)
            return [state.most] + counts
        counts = forked(serve)
        most = counts.pop(0)
        self.assertEqual((counts[24], counts[49]), (0, 0))
        self.judge(most, counts)

    def judge(self, most, counts):
        self.assertEqual(most, self.most)
        # What was held while it was in use is not held behind the request.
        left = [n % 25 if most == 25 else 0 for n in range(1, 51)]
        self.assertEqual(counts, left)


class GcResourceReleased(GcResource):
    name = 'gc_resource_released'
    most = 1


class GcResourceCycle(GcResource):
    name = 'gc_resource_cycle'
    most = 25


class GcResourcePressure(GcResource):
    name = 'gc_resource_pressure'
    scale = 8 if PYPY else 1

    def judge(self, most, counts):
        if PYPY:
            self.assertTrue(1 < most < 13, (most, counts))
        else:
            GcResource.judge(self, most, counts)


def set_price(state):
    state.catalogue.products[5].price += 1


def set_translation(state):
    state.catalogue.products[5].translations['de']['name'] = u'?'


def move_product(state):
    product = state.catalogue.products[5]
    product.category.products.remove(product)


def lose_review(state):
    del state.catalogue.reviews[min(state.catalogue.reviews)]


def delete_row(state):
    state.connection.execute('delete from product where id = 5')


def change_order(state):
    state.connection.execute('update purchase set total = total + 1 '
                             'where id = (select max(id) from purchase)')


def swap_session(state):
    state.sessions.entries[next(iter(state.sessions.entries))].key = 'other'


def grow_sessions(state):
    state.sessions.entries['more'] = None


def grow_fragments(state):
    state.fragments.entries['more'] = u''


def lose_log(state):
    state.lines.lines.pop()


def change_message(state):
    state.messages['fr']['reviews'] = u'?'


class WebApp(Contract, unittest.TestCase):
    name = 'webapp'
    damages = (set_price, set_translation, move_product, lose_review, delete_row, change_order,
               swap_session, grow_sessions, grow_fragments, lose_log, change_message)

    def visit(self, path, form=None, client=None, language='en'):
        module, state = warmed('webapp')
        status, headers, body = module.visit(state, path, form, client, language)
        self.assertEqual(headers['Content-Length'], str(len(body)))
        return int(status.split()[0]), headers, body.decode('utf-8')

    def test_status(self):
        slug = warmed('webapp')[1].catalogue.categories[1].slug
        for path, form, status in (
                ('/', None, 200), ('/product/1', None, 200), ('/category/' + slug, None, 200),
                ('/search?q=lamp', None, 200), ('/search', None, 200),
                ('/api/products/1', None, 200), ('/product/999999', None, 404),
                ('/category/none', None, 404), ('/product/one', None, 404),
                ('/nowhere', None, 404), ('/product/1\n', None, 404),
                ('/cart', None, 405), ('/', 'a=b', 405),
                ('/cart', 'product=1&quantity=2', 302), ('/cart', 'product=x', 400),
                ('/cart', 'product=999999&quantity=1', 404), ('/checkout', '', 302),
                ('/login', 'email=user1%40shop.example&password=pass1', 302),
                ('/login', 'email=user1%40shop.example&password=other', 403),
                ('/admin/report/1', None, 500)):
            self.assertEqual(self.visit(path, form)[0], status, path)

    def test_escaped(self):
        status, _, body = self.visit('/search?q=%3Cscript%3E%22%26%27%C3%A9')
        self.assertEqual(status, 200)
        self.assertNotIn(u'<script>', body)
        self.assertEqual(body.count(u'&lt;script&gt;&quot;&amp;&#x27;\xe9'), 2)
        status, _, body = self.visit('/admin/report/1')
        self.assertIn(u'ZeroDivisionError', body)
        self.assertIn(u'File &quot;', body)

    def test_json_and_languages(self):
        status, headers, body = self.visit('/api/products/3')
        document = json.loads(body)
        self.assertEqual((headers['Content-Type'], document['id']), ('application/json', 3))
        self.assertEqual(len(document['reviews']), 6)
        for language in sorted(document['translations']):
            name = document['translations'][language]['name']
            self.assertIn(u'<h1>%s</h1>' % name, self.visit('/product/3', language=language)[2])

    def test_cart_and_order(self):
        state = warmed('webapp')[1]
        state.cookies[1] = None
        self.visit('/', client=1)
        session = state.sessions.get(state.cookies[1].split('=')[1])
        self.visit('/cart', 'product=3&quantity=2', 1)
        self.visit('/cart', 'product=4&quantity=1', 1)
        self.assertEqual(session.cart, {3: 2, 4: 1})
        self.visit('/checkout', '', 1)
        self.assertEqual(session.cart, {3: 2, 4: 1}, 'without an account nothing is sold')
        self.visit('/login', 'email=user9%40shop.example&password=pass9', 1)
        self.visit('/checkout', '', 1)
        self.assertEqual((session.account, session.cart), (9, {}))
        order = state.connection.execute(
            'select account, lines from purchase order by id desc limit 1').fetchone()
        self.assertEqual(order[0], 9)
        self.assertEqual([line[:2] for line in json.loads(order[1])], [[3, 2], [4, 1]])
        for key in range(1, 30):
            self.visit('/cart', 'product=%d&quantity=60' % key, 1)
            self.visit('/cart', 'product=%d&quantity=60' % key, 1)
        self.assertEqual(session.cart, dict((key, 99) for key in range(24, 30)))

    def test_garbage_variable(self):
        module = load('webapp')
        for value in ('', 'x', '-1', '1.5', '1e3', ' 1', '1\n'):
            os.environ[module.GARBAGE_VARIABLE] = value
            try:
                with self.assertRaises(ValueError) as caught:
                    module.warm(1)
            finally:
                del os.environ[module.GARBAGE_VARIABLE]
            self.assertIn(module.GARBAGE_VARIABLE, str(caught.exception))

    def garbage(self, state):
        """Return the KiB by which a request grows a process that never collects."""
        gc.disable()
        for n in range(120):  # These fill the holes that earlier garbage has left.
            load('webapp').request(state, n)
        before = resident_kib()
        for n in range(200):
            load('webapp').request(state, n)
        return (resident_kib() - before) / 200.0

    @unittest.skipIf(PYPY, 'does not count what it finds')
    def test_no_garbage_when_none_is_wanted(self):
        os.environ[load('webapp').GARBAGE_VARIABLE] = '0'
        try:
            state = load('webapp').warm(20)
        finally:
            del os.environ[load('webapp').GARBAGE_VARIABLE]
        gc.collect()
        gc.disable()
        try:
            for n in range(40):
                load('webapp').request(state, n)
            # The JSON encoder of Python 2 leaves some of its own.
            self.assertTrue(gc.collect() <= (136 if sys.version_info < (3,) else 0))
        finally:
            gc.enable()
            state.connection.close()

    @unittest.skipIf(PYPY or not os.path.exists('/proc/self/statm'), 'cannot be seen here')
    def test_garbage_size(self):
        module, state = warmed('webapp')
        grown = forked(self.garbage, state)
        self.assertTrue(170 < grown < 230, grown)
        for wanted in (0, 50):
            os.environ[module.GARBAGE_VARIABLE] = str(wanted)
            try:
                state = module.warm(20)
            finally:
                del os.environ[module.GARBAGE_VARIABLE]
            grown = forked(self.garbage, state)
            state.connection.close()
            self.assertTrue(wanted * 0.85 - 3 < grown < wanted * 1.15 + 3, (wanted, grown))


def change_name(state):
    state.units[0].name += 'x'


def drop_statement(state):
    state.trees[0].body.pop(0)


def change_line(state):
    state.trees[-1].body[-1].lineno += 1


def change_source(state):
    state.sources[0] = state.sources[0] + b'\n'


def replace_module(state):
    sys.modules['json'] = type(sys)('json')


def foreign_unit(state):
    import ast
    state.units[0] = ast.parse('def f(): pass').body[0]


class Stdlib(Contract, unittest.TestCase):
    name = 'stdlib'
    damages = (change_name, drop_statement, change_line, change_source, replace_module,
               foreign_unit)

    def test_library(self):
        module, state = warmed('stdlib')
        self.assertTrue(len(state.modules) > 300, len(state.modules))
        self.assertTrue(len(state.failures) < 40, state.failures)
        for name in ('json.decoder', 'email.message', 'encodings.utf_8', 'xml.sax.handler'):
            self.assertIn(name, state.modules)
        for name in ('antigravity', 'turtle', 'this', 'idlelib', 'test', 'unittest.test'):
            self.assertTrue(name not in sys.modules, name)
        self.assertEqual(len(state.trees), SCALES['stdlib'])

    def test_no_thread_or_child_is_left(self):
        import threading
        warmed('stdlib')
        self.assertEqual(threading.active_count(), 1)
        self.assertRaises(OSError, os.waitpid, -1, os.WNOHANG)


if __name__ == '__main__':
    if '--probe' in sys.argv:
        at = sys.argv.index('--probe')
        probe(sys.argv[at + 1], int(sys.argv[at + 2]), int(sys.argv[at + 3]))
    else:
        unittest.main()
