"""A real Celery worker with a strategy in its pool of processes.

    python -B celery_live.py EXT_DIR SCRATCH
"""
import json
import os
import subprocess
import sys

import live


class CeleryTest(live.Case):
    def start(self, *options, **env):
        self.env = dict(os.environ, CELERY_FOLDER=self.path("queue"),
                        CELERY_STRATEGY=live.STRATEGY,
                        PYTHONPATH=os.pathsep.join([live.ext_dir, live.HERE]))
        self.env.update(env)
        os.mkdir(self.path("queue"))
        self.launch([sys.executable, "-B", "-m", "celery", "-A", "celery_app",
                     "worker", "--concurrency=2", "--loglevel=INFO",
                     "--without-gossip", "--without-mingle",
                     "--without-heartbeat"] + list(options),
                    CELERY_FOLDER=self.path("queue"),
                    CELERY_STRATEGY=self.env["CELERY_STRATEGY"])

    def send(self, number):
        """Sends so many tasks; what they wrote."""
        subprocess.check_call(
            [sys.executable, "-B", "-c", "import sys, celery_app\n"
             "for n in range(%d): celery_app.tell.delay(n)" % number],
            env=self.env, cwd=self.folder)
        path = os.path.join(self.path("queue"), "answers")

        def answers():
            if not os.path.exists(path):
                return []
            with open(path) as f:
                return [json.loads(line) for line in f
                        if line.endswith("\n")]
        return live.wait_until(
            lambda: len(answers()) >= number and answers(),
            "%d tasks are done" % number)

    def by_process(self, answers):
        """The last answer of each process."""
        return dict((answer["pid"], answer) for answer in answers)

    def test_it_is_in_force(self):
        self.start("--max-tasks-per-child=12")
        answers = self.by_process(self.send(40))
        self.assertTrue(len(answers) >= 3, "processes were replaced")
        self.expect_on(answers)
        # A pass after every fifth task; each process has had some.
        self.assertTrue(max(a["passes"] for a in answers.values()) >= 2)
        self.assertEqual(self.lines(),
                         ["the strategy %s is on" % live.STRATEGY])

    def test_bad_strategy(self):
        self.start(CELERY_STRATEGY="no-such")
        self.expect_off(self.by_process(self.send(4)), "unknown strategy")

    def test_other_pools(self):
        self.start("--pool=solo")
        self.expect_off(self.by_process(self.send(4)), "forks no processes")


if __name__ == "__main__":
    live.main(sys.argv, "__main__")
