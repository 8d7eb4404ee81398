"""AgentMessage, the binary frame of control and data channels (docs/protocol, layout of 120 bytes and the payload)."""

import hashlib
import struct
import time
import uuid
from dataclasses import dataclass, field

HEADER_LENGTH = 116
LAYOUT = struct.Struct("!I32sIQqQ16s32sII")


@dataclass
class AgentMessage:
    message_type: str
    payload: bytes
    sequence_number: int = 0
    flags: int = 0
    payload_type: int = 0
    message_id: uuid.UUID = field(default_factory=uuid.uuid4)

    def encode(self):
        identifier = self.message_id.bytes
        return (
            LAYOUT.pack(
                HEADER_LENGTH,
                self.message_type.encode().ljust(32),
                1,
                int(time.time() * 1000),
                self.sequence_number,
                self.flags,
                identifier[8:] + identifier[:8],
                hashlib.sha256(self.payload).digest(),
                self.payload_type,
                len(self.payload),
            )
            + self.payload
        )

    @classmethod
    def decode(cls, data):
        _, name, _, _, sequence, flags, identifier, _, payload_type, length = LAYOUT.unpack_from(data)
        payload = data[LAYOUT.size :]
        assert len(payload) == length, (len(payload), length)
        return cls(
            name.strip(b" \0").decode(),
            payload,
            sequence,
            flags,
            payload_type,
            uuid.UUID(bytes=identifier[8:] + identifier[:8]),
        )
