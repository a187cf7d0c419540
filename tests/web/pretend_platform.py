"""An honest double of a platform's OpenID Connect server, over a real socket.

It signs everybody in at once as whoever it is told to be, but checks what a real one checks: the
client's secret, the redirect address, that a code is used once, and the proof key (RFC 7636).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "demur", "a secret between servers"


class PretendPlatform:
    """`claims` is who signs in next; `refuses` makes them turn back at the door."""

    def __init__(self) -> None:
        self.claims: dict[str, object] = {}
        self.refuses = False
        self.codes: dict[str, dict[str, str]] = {}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.address = ""

    def discovery(self) -> dict[str, object]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "jwks_uri": f"{self.address}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        if self.refuses:
            answer = {"error": "access_denied", "state": asked["state"]}
        else:
            code = secrets.token_urlsafe()
            self.codes[code] = asked
            answer = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, asked: dict[str, str]) -> dict[str, object] | None:
        before = self.codes.pop(asked.get("code", ""), None)
        proof = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if (
            before is None
            or (asked["client_id"], asked["client_secret"]) != (CLIENT, SECRET)
            or asked["redirect_uri"] != before["redirect_uri"]
            or base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != before["code_challenge"]
        ):
            return None
        now = int(time.time())
        said = {**self.claims, "iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 60}
        return {
            "access_token": "one",
            "token_type": "Bearer",
            "id_token": jwt.encode(said, self.key, "RS256"),
        }


@contextmanager
def running() -> Iterator[PretendPlatform]:
    """The double at a port of this machine until the block ends."""
    platform = PretendPlatform()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(platform))
    platform.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(platform: PretendPlatform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self._say(200, platform.discovery())
            elif parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", platform.authorize(asked))
                self.end_headers()
            elif parts.path == "/userinfo":
                allowed = self.headers["Authorization"] == "Bearer one"
                self._say(200 if allowed else 401, platform.claims if allowed else {})
            else:
                self._say(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {name: values[0] for name, values in parse_qs(body).items()}
            answer = platform.token(asked)
            self._say(200 if answer else 400, answer or {"error": "invalid_grant"})

        def _say(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    return Handler
