"""Puts a text into a results database wherever a text can be.

Arguments: DATABASE, and the text in hexadecimal digits.  What is put in may be no
UTF-8 and have NULs; the columns become text all the same.
"""
import binascii
import json
import sqlite3
import sys


def main(path, digits):
    raw = binascii.unhexlify(digits)
    db = sqlite3.connect(path)
    text = "CAST(x'%s' AS TEXT)" % digits
    db.execute("UPDATE runs SET started = %s" % text)
    db.execute("UPDATE cells SET key = %s || id, python = %s, tag = %s, "
               "executable = %s, workload = %s" % ((text,) * 5))
    db.execute("UPDATE cells SET strategy = %s WHERE strategy <> 'none'" % text)
    db.execute("UPDATE cells SET status = 'failed', reason = %s "
               "WHERE repeat = 2 AND strategy <> 'none'" % text)
    db.execute("UPDATE metric SET value = NULL, reason = %s "
               "WHERE key = 'worker_cpu_ms'" % text)
    db.execute("UPDATE metric SET value = %s WHERE key = 'fork_us'" % text)
    db.execute("INSERT INTO method SELECT id, %s, %s FROM cells" % (text, text))
    db.execute("UPDATE copies SET place = %s || place WHERE cause = 'other'" % text)
    shown = raw.decode("utf-8", "replace")
    for column in "host", "options":
        for run, facts in list(db.execute("SELECT id, %s FROM runs" % column)):
            facts = json.loads(facts)
            for key in list(facts):
                if not isinstance(facts[key], (int, float, dict)):
                    facts[key] = shown
            facts[shown] = {shown: [shown]}
            db.execute("UPDATE runs SET %s = ? WHERE id = ?" % column,
                       (json.dumps(facts), run))
    db.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
