"""The application that uWSGI loads in a cell; see launch.py."""
import os
import sys

# Of this folder nothing else is to be imported.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import permafrost_serve
sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
import permafrost.uwsgi
import uwsgi

permafrost_serve.cell.find_index = uwsgi.worker_id
application = permafrost_serve.load()
