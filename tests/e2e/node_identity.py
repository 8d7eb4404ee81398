"""A node's side of the API made by hand: registration, its key, and its temporary credentials."""

import base64
import copy
import datetime
import json
import subprocess
import tempfile
import uuid
from pathlib import Path

from support.aws_http import AwsHttp, sign_with
from support.postern_testbed import Credentials


class NodeIdentity:
    """A registered node with a key of its own, and nothing running."""

    def __init__(self, http, directory):
        self._http = http
        self._directory = directory
        self.key = Path(directory.name) / "key.pem"
        self.fingerprint = str(uuid.uuid4())
        self.id = ""
        self._credentials = None

    @classmethod
    def register(cls, testbed):
        node, answer = cls.try_register(testbed, testbed.create_activation())
        assert answer.status == 200, answer.body
        node.id = answer.json()["InstanceId"]
        return node

    @classmethod
    def try_register(cls, testbed, activation):
        """A node without an id yet, and what the service says to its registration."""
        node = cls(AwsHttp(testbed.endpoint, testbed.ca_bundle), tempfile.TemporaryDirectory())
        body = {
            "ActivationId": activation["ActivationId"],
            "ActivationCode": activation["ActivationCode"],
            "Fingerprint": node.fingerprint,
            "PublicKey": node._make_key(),
            "PublicKeyType": "Rsa",
        }
        return node, node._http.ssm("RegisterManagedInstance", body)

    def _make_key(self):
        """A fresh RSA-2048 key in `key`; returns the public half as the API wants it."""
        subprocess.run(
            ["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.key],
            check=True,
            capture_output=True,
        )
        public = subprocess.run(
            ["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True, capture_output=True
        )
        return base64.b64encode(public.stdout).decode()

    def _sign(self, text):
        """RSASSA-PSS with SHA-256 and a salt of 32 bytes, as base64."""
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32", "-sign", self.key],
            input=text.encode(),
            check=True,
            capture_output=True,
        )
        return base64.b64encode(done.stdout).decode()

    def _call_with_key(self, operation, body, signed_with=None, now=None):
        body = json.dumps(body).encode()
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "content-length": str(len(body)),
            "x-amz-target": f"AmazonSSM.{operation}",
        }
        signer = (signed_with or self)._sign
        url = self._http.endpoint + "/"
        now = now or datetime.datetime.now(datetime.timezone.utc)
        headers = sign_with(lambda text, _scope: signer(text), self.id, "POST", url, headers, body, "ssm", now=now)
        return self._http.send("POST", "/", headers, body)

    def request_role_token(self, signed_with=None, fingerprint=None, now=None):
        body = {"Fingerprint": fingerprint or self.fingerprint}
        return self._call_with_key("RequestManagedInstanceRoleToken", body, signed_with, now)

    def rotate_key(self):
        """Replaces the key at the service; returns the identity with the old one."""
        old = copy.copy(self)
        self._directory, kept = tempfile.TemporaryDirectory(), self._directory
        old._directory = kept
        self.key = Path(self._directory.name) / "key.pem"
        public = self._make_key()
        answer = old._call_with_key("UpdateManagedInstancePublicKey", {"NewPublicKey": public, "NewPublicKeyType": "Rsa"})
        assert answer.status == 200, answer.body
        return old

    def credentials(self):
        """Temporary credentials, asked for once."""
        if self._credentials is None:
            answer = self.request_role_token()
            assert answer.status == 200, answer.body
            given = answer.json()
            self._credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return self._credentials

    def ping(self):
        return {"InstanceId": self.id, "AgentName": "test-node", "AgentVersion": "1.0.0.0", "PlatformType": "Linux"}
