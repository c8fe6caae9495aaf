"""Sessions in the database, read from the primary.

One request logs in, the next one asks who that was, a few milliseconds later.
"""

from django.contrib.sessions.backends import db

import django_fleet as fleet


class SessionStore(db.SessionStore):
    @fleet.primary()
    def load(self):
        return super().load()
