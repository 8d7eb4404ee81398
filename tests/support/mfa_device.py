"""An authenticator app: RFC 6238 written apart from ours."""

import base64
import hashlib
import hmac
import struct
import time

STEP_SECONDS = 30


class MfaDevice:
    """Shows codes that have not been shown yet, as soon as the service takes them: it takes those of the step before
    and the step after too."""

    def __init__(self, seed_base32, serial_number):
        self._key = base64.b32decode(seed_base32)
        self.serial_number = serial_number
        self._shown = 0

    def code_of(self, step):
        mac = hmac.new(self._key, struct.pack(">Q", step), hashlib.sha1).digest()
        at = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"

    def pair(self, age=1):
        """Two codes in a row. Those of a step ago leave two more to be shown at once, but are good for half a minute less."""
        self._shown = int(time.time()) // STEP_SECONDS - age
        return self.code_of(self._shown - 1), self.code_of(self._shown)

    def code(self):
        step = int(time.time()) // STEP_SECONDS
        self._shown = max(self._shown + 1, step)
        assert self._shown <= step + 1, "this test uses more codes than there are without waiting"
        return self.code_of(self._shown)

    def wrong_code(self):
        step = int(time.time()) // STEP_SECONDS
        near = {self.code_of(step + off) for off in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777") if code not in near)
