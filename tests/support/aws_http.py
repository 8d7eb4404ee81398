"""Signed AWS requests made by hand, so that a test can also get them wrong."""

import datetime
import hashlib
import hmac
import http.client
import json
import re
import ssl
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def error_code(self):
        """The error's name, from either of the two shapes (JSON 1.1, Query XML); empty when there is none."""
        if self.body.startswith(b"{"):
            return self.json().get("__type", "").split("#")[-1]
        match = re.search(rb"<Code>([^<]*)</Code>", self.body)
        return match[1].decode() if match else ""


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(credentials, method, url, headers, body, service, region="us-east-1", now=None):
    """Returns `headers` with SigV4's own added; all given headers and host are signed."""

    def hmac_signature(text, scope):
        key = ("AWS4" + credentials.secret_access_key).encode()
        for part in scope.split("/"):
            key = _hmac(key, part)
        return _hmac(key, text).hex()

    if credentials.session_token:
        headers = {**headers, "x-amz-security-token": credentials.session_token}
    return sign_with(hmac_signature, credentials.access_key_id, method, url, headers, body, service, region, now)


def sign_with(make_signature, key_id, method, url, headers, body, service, region="us-east-1", now=None):
    """SigV4's request layout with any signature: make_signature gets the string to sign and the scope."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    parts = urlsplit(url)
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed.update({"host": parts.netloc, "x-amz-date": stamp})
    names = ";".join(sorted(signed))
    query = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(parts.query, True))
    canonical = "\n".join(
        [
            method,
            # Every service but S3 encodes the path once more than it is on the wire.
            quote(parts.path or "/", safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            _sha256(body),
        ]
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    signature = make_signature(f"{ALGORITHM}\n{stamp}\n{scope}\n{_sha256(canonical.encode())}", scope)
    return {
        **{name: value for name, value in signed.items() if name != "host"},
        "authorization": f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}",
    }


class AwsHttp:
    """Requests to one endpoint, each on a connection of its own, trusting only the given certificate authority.

    `source` is the address that they come from; all of 127.0.0.0/8 are this machine's.
    """

    def __init__(self, endpoint, ca_bundle, source=None):
        self.endpoint = endpoint
        self._source = source and (source, 0)
        self.tls = ssl.create_default_context(cafile=str(ca_bundle))
        parts = urlsplit(endpoint)
        self._address = (parts.hostname, parts.port)

    def send(self, method, path, headers, body=b""):
        connection = http.client.HTTPSConnection(*self._address, context=self.tls, timeout=30, source_address=self._source)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, names, response.read())
        finally:
            connection.close()

    def ssm(self, operation, body, credentials=None, now=None, target=None):
        """`body` is bytes, or an object to be sent as JSON. Without credentials the request is anonymous."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target or f"AmazonSSM.{operation}"}
        if credentials:
            headers = sign(credentials, "POST", self.endpoint + "/", headers, body, "ssm", now=now)
        return self.send("POST", "/", headers, body)

    def query(self, service, version, parameters, credentials=None, now=None):
        body = urlencode({**parameters, "Version": version}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        if credentials:
            headers = sign(credentials, "POST", self.endpoint + "/", headers, body, service, now=now)
        return self.send("POST", "/", headers, body)

    def sts(self, action, credentials=None, now=None):
        return self.query("sts", "2011-06-15", {"Action": action}, credentials, now)

    def iam(self, action, credentials, **parameters):
        return self.query("iam", "2010-05-08", {"Action": action, **parameters}, credentials)

    def create_channel(self, kind, name, credentials, now=None):
        """CreateControlChannel or CreateDataChannel: `kind` is control or data; see also token_of()."""
        path = f"/v1/{kind}-channel/{name}"
        body = json.dumps({"MessageSchemaVersion": "1.0", "RequestId": "7f6f2f5e-0a44-4b4d-a1cf-2f1c8f4e9b11"}).encode()
        headers = {"content-type": "application/json"}
        headers = sign(credentials, "POST", self.endpoint + path, headers, body, "ssmmessages", now=now)
        return self.send("POST", path, headers, body)


def token_of(response):
    """The channel token in an answer of create_channel()."""
    return re.search(rb"<TokenValue>([^<]+)</TokenValue>", response.body)[1].decode()
