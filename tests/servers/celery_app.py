"""A Celery app for the tests: its queue is a folder, and each task writes down
what its process knows of the strategy."""
import json
import os

from celery import Celery

import permafrost.celery
from app import report

folder = os.environ["CELERY_FOLDER"]
app = Celery("celery_app", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": folder,
                                     "data_folder_out": folder}
app.conf.worker_prefetch_multiplier = 1
permafrost.celery.install(app, os.environ["CELERY_STRATEGY"])


@app.task
def tell(number):
    with open(os.path.join(folder, "answers"), "a") as f:
        f.write(json.dumps(dict(report(), number=number)) + "\n")
