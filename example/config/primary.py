"""Pages that read from primaries: where somebody is sent on to what they have just saved.

That is a new request, which a replica might answer a moment too early.
"""

import django_fleet as fleet

PATHS = ("/admin/", "/orders/")


class PrimaryMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not request.path.startswith(PATHS):
            return self.get_response(request)
        with fleet.primary():
            return self.get_response(request)
