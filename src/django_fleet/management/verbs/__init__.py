"""The verbs of ``manage.py fleet``, one module each."""
