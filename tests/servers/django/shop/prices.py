"""The price list, in memory: prices.by_key[key] is a dict."""
by_key = {}


def load(products):
    for key in range(products):
        by_key[key] = {'name': 'Product %d' % key, 'price': 500 + key * 7919 % 9000,
                       'sizes': [size * key for size in range(3)],
                       'stock': {'north': key % 50, 'south': key % 70}}
