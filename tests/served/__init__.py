"""A project for real programs (gunicorn, uvicorn, Celery): a primary, a replica, and who answered."""
