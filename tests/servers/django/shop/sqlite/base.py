"""SQLite for several writers: a transaction takes the right to write when it begins.

By default it does so with its first write, and fails at once, whatever the timeout,
when another one that has read, too, came first (sqlite.org/lang_transaction.html).
"""
from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self):
        self.cursor().execute('BEGIN IMMEDIATE')
