"""A receiver in Django: ``WEBHOOK_SECRET=whsec_... python -m examples.ghostflow.django_receiver``.

In a project of yours the view goes into its ``views.py`` and the path into its ``urls.py``.
"""

# mypy: disable-error-code="import-untyped, untyped-decorator"
from __future__ import annotations

import sys

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import execute_from_command_line
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from examples.ghostflow.deliveries import accept
from ghostflow import WebhookVerificationError

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1", "testserver"])
    django.setup()


# The service has no CSRF token; its signature takes the token's place.
@csrf_exempt
@require_POST
def hook(request: HttpRequest) -> JsonResponse:
    # The raw body: request.POST is something else, and reading it first would use the body up.
    try:
        new = accept(request.body, request.headers)
    except WebhookVerificationError:
        return JsonResponse({"error": "invalid_signature"}, status=401)
    return JsonResponse({"received": True, "new": new}, status=202)


urlpatterns = [path("hooks/ghostflow", hook)]
application = WSGIHandler()

if __name__ == "__main__":
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", "127.0.0.1:8000"])
