"""django-oauth-toolkit over SQLite, on loopback: `serve.py documented|protected|safe|deferred`. See ../README.md."""

import signal
import sys
import tempfile
import uuid
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings

SETTINGS = {
    # docs/settings.rst: these are the defaults; a refresh rotates, and a consumed token is refused
    "documented": {"ROTATE_REFRESH_TOKEN": True},
    # docs/settings.rst: a reuse ends the family (RFC 9700)
    "protected": {"ROTATE_REFRESH_TOKEN": True, "REFRESH_TOKEN_REUSE_PROTECTION": True},
    # docs/settings.rst: for so many seconds a consumed token brings the pair that its first use brought
    "safe": {
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 3,
    },
}
SETTINGS["deferred"] = SETTINGS["protected"]
chosen = sys.argv[1] if len(sys.argv) > 1 else "documented"
# Django's databases.rst: in SQLite's own mode writers that began by reading are refused with "database is locked"
mode = "DEFERRED" if chosen == "deferred" else "IMMEDIATE"
folder = tempfile.TemporaryDirectory(prefix="race401-server-")
signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # and the folder goes
settings.configure(
    SECRET_KEY="not a secret: loopback, and gone with the process",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(folder.name) / "db.sqlite3",
            "OPTIONS": {"timeout": 60, "transaction_mode": mode},
        }
    },
    OAUTH2_PROVIDER=SETTINGS[chosen],
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django wants its settings first
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.decorators import protected_resource  # noqa: E402
from oauth2_provider.models import AccessToken, Application, RefreshToken  # noqa: E402
from oauth2_provider.views import RevokeTokenView, TokenView  # noqa: E402
from oauthlib.common import generate_token  # noqa: E402


@csrf_exempt
def seed(request: HttpRequest) -> JsonResponse:
    """A new session, as a sign-in would leave it. `?expires_in=S`: how long its access token lives."""
    life = int(request.GET.get("expires_in", 3600))
    user, app = User.objects.get(), Application.objects.get()
    access = AccessToken.objects.create(
        user=user,
        application=app,
        token=generate_token(),
        scope="read",
        expires=timezone.now() + timedelta(seconds=life),
    )
    refresh = RefreshToken.objects.create(
        user=user,
        application=app,
        token=generate_token(),
        access_token=access,
        token_family=uuid.uuid4(),  # as its own _create_refresh_token: without, a reuse has no family to end
    )
    told = {"access_token": access.token, "refresh_token": refresh.token, "expires_in": life}
    return JsonResponse(told | {"client_id": app.client_id})


def tables(_: HttpRequest) -> JsonResponse:
    """What its own tables say."""
    live = RefreshToken.objects.filter(revoked=None).count()
    return JsonResponse({"refresh_tokens": RefreshToken.objects.count(), "live": live})


@protected_resource()
def me(_: HttpRequest) -> JsonResponse:
    """The API."""
    return JsonResponse({"name": "ada"})


urlpatterns = [
    path("o/token/", TokenView.as_view()),
    path("o/revoke_token/", RevokeTokenView.as_view()),
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
    Application.objects.create(
        user=User.objects.create_user("ada"),
        client_id="app",
        client_type=Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_PASSWORD,
    )
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    print(f"serving at http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
