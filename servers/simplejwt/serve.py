"""djangorestframework-simplejwt over SQLite, on loopback: `serve.py documented|safe`. See ../README.md."""

import signal
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings

chosen = sys.argv[1] if len(sys.argv) > 1 else "documented"
folder = tempfile.TemporaryDirectory(prefix="race401-server-")
signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # and the folder goes
settings.configure(
    SECRET_KEY="not a secret: loopback, and gone with the process",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt.token_blacklist",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(folder.name) / "db.sqlite3",
            # databases.rst of Django: a transaction takes its lock when it begins
            "OPTIONS": {"timeout": 60, "transaction_mode": "IMMEDIATE"},
            # safe: to look whether a token is in the blacklist and to put it there is one step, as a request is
            # one transaction; documented: they are two, between which others may come
            "ATOMIC_REQUESTS": chosen == "safe",
        }
    },
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"]},
    # docs/settings.rst and docs/blacklist_app.rst: the two go together
    SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django wants its settings first
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from rest_framework.decorators import api_view, permission_classes  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken  # noqa: E402
from rest_framework_simplejwt.tokens import RefreshToken  # noqa: E402
from rest_framework_simplejwt.views import TokenBlacklistView, TokenRefreshView  # noqa: E402


@csrf_exempt
def seed(request: HttpRequest) -> JsonResponse:
    """A new session, as a sign-in would leave it. `?expires_in=S`: how long its access token lives."""
    refresh = RefreshToken.for_user(User.objects.get())
    access = refresh.access_token
    access.set_exp(lifetime=timedelta(seconds=int(request.GET.get("expires_in", 300))))
    return JsonResponse({"access": str(access), "refresh": str(refresh)})


def tables(_: HttpRequest) -> JsonResponse:
    """What its own tables say."""
    outstanding, blacklisted = OutstandingToken.objects.count(), BlacklistedToken.objects.count()
    return JsonResponse({"refresh_tokens": outstanding, "live": outstanding - blacklisted})


@api_view()
@permission_classes([IsAuthenticated])
def me(_: Request) -> Response:
    """The API."""
    return Response({"name": "ada"})


urlpatterns = [
    path("api/token/refresh/", TokenRefreshView.as_view()),
    path("api/token/blacklist/", TokenBlacklistView.as_view()),
    path("me", me),
    path("seed", seed),
    path("tables", tables),
]


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    User.objects.create_user("ada")
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    print(f"serving at http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
