"""For gunicorn. Loaded before it forks, the parent reads as well, and starts a monitor of its own."""

import os

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

if os.environ.get("SERVED_READ_FIRST"):
    from django.db import connections

    from served.seen import seen

    seen()
    connections.close_all()
