"""The OpenID Connect provider of the tests: provider.mjs in a process of its own, and a user's way through its login pages."""

import base64
import hashlib
import http.cookiejar
import json
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
REDIRECT_URI = "https://127.0.0.1/callback"
CLIENTS = {"RS256": "postern-rsa", "ES256": "postern-ec"}


def missing():
    """Why the provider can't run, or None."""
    if shutil.which("node") is None:
        return "there is no Node.js"
    if not (HERE / "node_modules").is_dir():
        return "`npm ci` has not been run in tests/e2e/oidc"
    return None


class Stop(urllib.request.HTTPRedirectHandler):
    """Follows redirects within the provider, and stops at the client's address."""

    def redirect_request(self, request, body, code, message, headers, url):
        if url.startswith(REDIRECT_URI):
            return None
        return super().redirect_request(request, body, code, message, headers, url)


class OidcProvider:
    def __init__(self, directory):
        self.certificate, key = directory / "oidc.pem", directory / "oidc.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        self._key = key
        self.issuer = None

    def __enter__(self):
        self._log = []
        self._process = subprocess.Popen(
            ["node", HERE / "provider.mjs", self.certificate, self._key, REDIRECT_URI],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.issuer = self._line("issuer ")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()

    def _line(self, start):
        timer = threading.Timer(30, self._process.kill)
        timer.start()
        try:
            for line in self._process.stdout:
                if line.startswith(start):
                    return line.removeprefix(start).strip()
        finally:
            timer.cancel()
        raise RuntimeError("the provider has ended")

    @property
    def name(self):
        """As ARNs and condition keys have it."""
        return self.issuer.removeprefix("https://")

    def rotate_keys(self):
        self._process.send_signal(signal.SIGUSR1)
        self._line("rotated ")

    def id_token(self, user, algorithm="RS256"):
        """Logs the user in by the authorization code flow, as a browser does."""
        browser = urllib.request.build_opener(
            Stop,
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.certificate)),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        client = CLIENTS[algorithm]
        query = {
            "client_id": client, "response_type": "code", "scope": "openid", "redirect_uri": REDIRECT_URI,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        page = browser.open(f"{self.issuer}/auth?{urllib.parse.urlencode(query)}")
        code = self._through_forms(browser, page, {"prompt": "login", "login": user, "password": "any"})
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
        basic = base64.b64encode(f"{client}:client-secret-of-the-test".encode()).decode()
        request = urllib.request.Request(
            f"{self.issuer}/token", urllib.parse.urlencode(form).encode(), {"Authorization": f"Basic {basic}"}
        )
        return json.load(browser.open(request))["id_token"]

    @staticmethod
    def _through_forms(browser, page, fields):
        """Sends the login form, then the consent form, until the provider sends the browser back with a code."""
        for _ in range(3):
            action = re.search(r'action="([^"]+)"', page.read().decode()).group(1)
            try:
                page = browser.open(urllib.parse.urljoin(page.url, action), urllib.parse.urlencode(fields).encode())
            except urllib.error.HTTPError as redirect:
                location = urllib.parse.urlsplit(redirect.headers["Location"])
                return urllib.parse.parse_qs(location.query)["code"][0]
            fields = {"prompt": "consent"}
        raise RuntimeError("the provider keeps asking")
