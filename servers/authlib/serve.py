"""Authlib over SQLAlchemy and SQLite, on loopback: `serve.py documented|safe|snippet`. See ../README.md."""

import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from authlib.common.security import generate_token
from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_revocation_endpoint,
    create_save_token_func,
)
from authlib.oauth2.rfc6749 import grants
from flask import Flask, Response, jsonify, request
from flask_sqlalchemy import SQLAlchemy
from werkzeug.serving import WSGIRequestHandler, make_server

chosen = sys.argv[1] if len(sys.argv) > 1 else "documented"
folder = tempfile.TemporaryDirectory(prefix="race401-server-")
signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # and the folder goes
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path(folder.name) / 'db.sqlite3'}"
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"timeout": 60}}
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True  # docs/flask/2/authorization-server.rst
db = SQLAlchemy(app)


class User(db.Model):
    """Ada."""

    id = db.Column(db.Integer, primary_key=True)

    def get_user_id(self) -> int:
        """What Authlib stores of a user."""
        return int(self.id)


class Client(db.Model, OAuth2ClientMixin):
    """The app."""

    id = db.Column(db.Integer, primary_key=True)


class Token(db.Model, OAuth2TokenMixin):
    """A row for each pair."""

    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)


# docs/flask/2/grants.rst, "Refresh Token Grant": a token is looked for, and once the new pair is stored it is revoked
class Documented(grants.RefreshTokenGrant):
    """As documented, and the revocation in the column that the model has for it."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        """The row, if it is good."""
        token: Token | None = Token.query.filter_by(refresh_token=refresh_token).first()
        return token if token and not token.refresh_token_revoked_at else None

    def authenticate_user(self, credential: Token) -> User | None:
        """Whose it is."""
        return db.session.get(User, credential.user_id)

    def revoke_old_credential(self, credential: Token) -> None:
        """It is consumed."""
        credential.refresh_token_revoked_at = int(time.time())
        db.session.add(credential)
        db.session.commit()


class Safe(Documented):
    """To look for a token and to consume it is one statement, and one of those at once finds it."""

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        """The row, and it is consumed."""
        live = Token.query.filter_by(refresh_token=refresh_token, refresh_token_revoked_at=0)
        won = live.update({"refresh_token_revoked_at": int(time.time())})
        db.session.commit()
        return Token.query.filter_by(refresh_token=refresh_token).first() if won else None

    def revoke_old_credential(self, credential: Token) -> None:
        """It is already."""


class Snippet(Documented):
    """Word for word: `revoked` is no column of the model since Authlib 1.0, so that nothing is stored."""

    def revoke_old_credential(self, credential: Token) -> None:
        """It would be consumed."""
        credential.revoked = True
        db.session.add(credential)
        db.session.commit()


server = AuthorizationServer(
    app,
    query_client=create_query_client_func(db.session, Client),
    save_token=create_save_token_func(db.session, Token),
)
server.register_grant({"documented": Documented, "safe": Safe, "snippet": Snippet}[chosen])
revocation = create_revocation_endpoint(db.session, Token)
revocation.CLIENT_AUTH_METHODS = ["none"]  # the app has no secret; by default it must have one
server.register_endpoint(revocation)
needs_token = ResourceProtector()
needs_token.register_token_validator(create_bearer_token_validator(db.session, Token)())


@app.post("/oauth/token")
def refresh() -> Any:
    """The token endpoint."""
    return server.create_token_response()


@app.post("/oauth/revoke")
def revoke() -> Any:
    """RFC 7009."""
    return server.create_endpoint_response("revocation")


@app.get("/me")
@needs_token()
def me() -> Response:
    """The API."""
    return jsonify(name="ada")


@app.post("/seed")
def seed() -> Response:
    """A new session, as a sign-in would leave it. `?expires_in=S`: how long its access token lives."""
    told = {
        "access_token": generate_token(42),
        "refresh_token": generate_token(48),
        "expires_in": int(request.args.get("expires_in", 3600)),
        "token_type": "Bearer",
    }
    db.session.add(Token(client_id="app", user_id=1, **told))
    db.session.commit()
    return jsonify(told | {"client_id": "app"})


@app.get("/tables")
def tables() -> Response:
    """What its own tables say."""
    live = Token.query.filter_by(refresh_token_revoked_at=0).count()
    return jsonify(refresh_tokens=Token.query.count(), live=live)


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log_request(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    with app.app_context():
        db.create_all()
        client = Client(client_id="app")
        client.set_client_metadata(
            {"grant_types": ["refresh_token"], "token_endpoint_auth_method": "none", "scope": "read"}
        )
        db.session.add_all([User(id=1), client])
        db.session.commit()
    listening = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(f"serving at http://127.0.0.1:{listening.server_port}", flush=True)
    listening.serve_forever()
