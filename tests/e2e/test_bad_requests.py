"""Requests that no correct client sends: each gets AWS's error, and the service goes on."""

import datetime
import itertools
import re
import time

import pytest
from identities import make_user, statement
from node_identity import NodeIdentity
from support.aws_http import AwsHttp
from support.postern_testbed import Credentials
from support.wait import wait_until

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def describe(http, credentials, **options):
    return http.ssm("DescribeInstanceInformation", {}, credentials, **options)


@pytest.fixture(autouse=True)
def goes_on(http, testbed):
    """Whatever a test did, a good request is answered afterwards."""
    yield
    assert describe(http, testbed.admin).status == 200


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def test_good_request(http, testbed):
    answer = describe(http, testbed.admin)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])


def test_wrong_secret(http, testbed):
    wrong = Credentials(testbed.admin.access_key_id, "x" * 40)
    answer = describe(http, wrong)
    assert (answer.status, answer.error_code) == (403, "InvalidSignatureException")
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    answer = http.sts("GetCallerIdentity", wrong)
    assert (answer.status, answer.error_code) == (403, "SignatureDoesNotMatch")


def test_unknown_key(http):
    unknown = Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40)
    answer = describe(http, unknown)
    assert (answer.status, answer.error_code) == (403, "UnrecognizedClientException")
    answer = http.sts("GetCallerIdentity", unknown)
    assert (answer.status, answer.error_code) == (403, "InvalidClientTokenId")


def test_session_token_with_a_long_term_key(http, testbed):
    odd = Credentials(testbed.admin.access_key_id, testbed.admin.secret_access_key, "made-up-token")
    assert describe(http, odd).error_code == "UnrecognizedClientException"


def test_no_signature(http):
    answer = describe(http, None)
    assert (answer.status, answer.error_code) == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_stale_clock(http, testbed, minutes):
    answer = describe(http, testbed.admin, now=utc_now() + datetime.timedelta(minutes=minutes))
    assert (answer.status, answer.error_code) == (403, "InvalidSignatureException")
    assert "Signature" in answer.body.decode()


@pytest.mark.parametrize("minutes", [-14, 14])
def test_tolerable_clock(http, testbed, minutes):
    assert describe(http, testbed.admin, now=utc_now() + datetime.timedelta(minutes=minutes)).status == 200


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 Credential=AKIA/20240101/us-east-1/ssm, SignedHeaders=host, Signature=00",
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA256 " + "A" * 6000,
    ],
)
def test_malformed_authorization(http, header):
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "AmazonSSM.DescribeSessions",
        "x-amz-date": f"{utc_now():%Y%m%dT%H%M%SZ}",
        "authorization": header,
    }
    answer = http.send("POST", "/", headers, b'{"State":"Active"}')
    assert answer.status in (400, 403)
    assert answer.error_code in ("IncompleteSignatureException", "MissingAuthenticationTokenException")


@pytest.mark.parametrize("target", ["AmazonSSM.NoSuchOperation", "NoSuchService.DescribeSessions", "AmazonSSM", ""])
def test_unknown_operation(http, testbed, target):
    answer = http.ssm("", {}, testbed.admin, target=target or " ")
    assert (answer.status, answer.error_code) == (404, "UnknownOperationException")


def test_unknown_query_action(http, testbed):
    answer = http.sts("NoSuchAction", testbed.admin)
    assert (answer.status, answer.error_code) == (400, "InvalidAction")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"text"', b"{'Target':1}", b'{"Target":}', b"\xff\xfe", b"[" * 100000, b'{"Target":"\x00"}', b'{"a":1}{"b":2}'],
)
def test_malformed_json(http, testbed, body):
    answer = http.ssm("StartSession", body, testbed.admin)
    assert (answer.status, answer.error_code) == (400, "SerializationException")


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("StartSession", {}),
        ("StartSession", {"Target": ""}),
        ("StartSession", {"Target": "x" * 401}),
        ("StartSession", {"Target": "mi-00000000000000000", "DocumentName": "not a name!"}),
        ("StartSession", {"Target": "mi-00000000000000000", "Reason": "x" * 257}),
        ("DescribeSessions", {}),
        ("DescribeSessions", {"State": "Sleeping"}),
        ("DescribeSessions", {"State": "Active", "MaxResults": 0}),
        ("DescribeSessions", {"State": "Active", "MaxResults": 201}),
        ("DescribeInstanceInformation", {"MaxResults": 4}),
        ("DescribeInstanceInformation", {"MaxResults": 51}),
        ("CreateActivation", {}),
        ("CreateActivation", {"IamRole": "r", "RegistrationLimit": 0}),
        ("CreateActivation", {"IamRole": "r", "RegistrationLimit": 1001}),
        ("TerminateSession", {"SessionId": ""}),
        ("TerminateSession", {"SessionId": "x" * 97}),
        ("AddTagsToResource", {"ResourceType": "Spoon", "ResourceId": "x", "Tags": []}),
    ],
)
def test_model_violations(http, testbed, operation, body):
    answer = http.ssm(operation, body, testbed.admin)
    assert (answer.status, answer.error_code) == (400, "ValidationException"), answer.body


@pytest.mark.parametrize(
    ("operation", "body"), [("StartSession", {"Target": 1}), ("DescribeSessions", {"State": "Active", "MaxResults": "ten"})]
)
def test_wrong_types(http, testbed, operation, body):
    answer = http.ssm(operation, body, testbed.admin)
    assert (answer.status, answer.error_code) == (400, "SerializationException"), answer.body


def test_oversized_body(http, testbed):
    body = b'{"State":"' + b"x" * (8 << 20) + b'"}'
    try:
        answer = http.ssm("DescribeSessions", body, testbed.admin)
    except (ConnectionError, OSError):
        return  # closed while we were still sending
    assert answer.status == 413


def test_oversized_header(http):
    try:
        answer = http.send("POST", "/", {"x-amz-target": "A" * (1 << 20)})
    except (ConnectionError, OSError):
        return
    assert answer.status in (400, 413, 431)


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("PUT", "/"), ("GET", "/../../etc/passwd"), ("DELETE", "/v1/")])
def test_paths_that_are_not_there(http, method, path):
    answer = http.send(method, path, {})
    assert 400 <= answer.status < 500


def test_health(http):
    assert http.send("GET", "/healthz", {}).status == 200


class TestFailures:
    """Wrong proofs in a row are slowed down, as docs/sign-in.md says; nobody else is, and nobody who has the right one."""

    BURST = 50
    REFILL_SECONDS = 2

    @pytest.fixture(scope="class")
    def users(self, testbed):
        return [make_user(testbed, f"failing-{i}", statement(action="ssm:DescribeInstanceInformation")) for i in range(2)]

    @pytest.fixture(scope="class")
    def from_elsewhere(self, testbed):
        """Gives requests from addresses that nobody has had yet."""
        addresses = itertools.count(1)
        return lambda: AwsHttp(testbed.endpoint, testbed.ca_bundle, source=f"127.0.1.{next(addresses)}")

    @staticmethod
    def wrong(user):
        return Credentials(user.credentials.access_key_id, "x" * 40)

    def fail_until_throttled(self, code, ask):
        """Asks until the answer is another than `code`; that is as often as the limit says, and the answer is ThrottlingException."""
        started = time.monotonic()
        for failures in itertools.count():
            answer = ask()
            if answer.error_code != code:
                break
            assert answer.status == 403
            assert failures < 100 * self.BURST
        assert (answer.status, answer.error_code) == (400, "ThrottlingException")
        assert "Correct the credentials" in answer.body.decode()
        refilled = (time.monotonic() - started) / self.REFILL_SECONDS
        assert self.BURST <= failures <= self.BURST + refilled

    def test_wrong_signatures_with_one_key(self, from_elsewhere, users):
        user, other = users
        here, there = from_elsewhere(), from_elsewhere()
        self.fail_until_throttled("InvalidSignatureException", lambda: describe(here, self.wrong(user)))
        assert here.sts("GetCallerIdentity", self.wrong(user)).error_code == "Throttling"
        assert describe(here, user.credentials).status == 200, "the right signature of the same key"
        for way, key in ((here, other), (there, user)):
            assert describe(way, self.wrong(key)).error_code == "InvalidSignatureException"
            assert describe(way, key.credentials).status == 200
        # Whoever waits is told again what is wrong; each failure before then starts the wait anew.
        wait_until(
            lambda: describe(here, self.wrong(user)).error_code == "InvalidSignatureException",
            20,
            "one more failure answered",
            self.REFILL_SECONDS * 1.25,
        )

    def test_keys_that_are_not_there(self, from_elsewhere, users):
        here, there = from_elsewhere(), from_elsewhere()
        made_up = (Credentials(f"AKIA{number:016}", "x" * 40) for number in itertools.count())
        self.fail_until_throttled("UnrecognizedClientException", lambda: describe(here, next(made_up)))
        assert describe(here, self.wrong(users[0])).error_code == "InvalidSignatureException"
        assert describe(here, users[0].credentials).status == 200
        assert describe(there, next(made_up)).error_code == "UnrecognizedClientException"


class TestNodes:
    """What a node may ask: what concerns itself."""

    @pytest.fixture(scope="class")
    def ours(self, testbed):
        return NodeIdentity.register(testbed)

    @pytest.fixture(scope="class")
    def theirs(self, testbed):
        return NodeIdentity.register(testbed)

    def test_control_plane_trap_9_the_reduced_report_is_enough(self, http, ours):
        answer = http.ssm("UpdateInstanceInformation", ours.ping(), ours.credentials())
        assert (answer.status, answer.json()) == (200, {})

    def test_about_another_node(self, http, ours, theirs):
        answer = http.ssm("UpdateInstanceInformation", theirs.ping(), ours.credentials())
        assert (answer.status, answer.error_code) == (400, "AccessDeniedException")

    def test_a_control_channel_of_another_node(self, http, ours, theirs):
        answer = http.create_channel("control", theirs.id, ours.credentials())
        assert answer.status == 403
        assert b"AccessDenied" in answer.body

    def test_what_only_people_may(self, http, ours):
        for operation, body in [
            ("StartSession", {"Target": ours.id}),
            ("DescribeSessions", {"State": "Active"}),
            ("CreateActivation", {"IamRole": "r"}),
            ("DeregisterManagedInstance", {"InstanceId": ours.id}),
        ]:
            answer = http.ssm(operation, body, ours.credentials())
            assert (answer.status, answer.error_code) == (400, "AccessDeniedException"), operation

    def test_a_role_token_with_another_nodes_key(self, http, ours, theirs):
        answer = ours.request_role_token(signed_with=theirs)
        assert (answer.status, answer.error_code) == (403, "InvalidSignatureException")

    def test_a_role_token_with_another_fingerprint(self, theirs):
        answer = theirs.request_role_token(fingerprint="00000000-0000-4000-8000-000000000000")
        assert (answer.status, answer.error_code) == (400, "MachineFingerprintDoesNotMatch")

    def test_a_role_token_with_a_stale_clock(self, ours):
        answer = ours.request_role_token(now=utc_now() - datetime.timedelta(minutes=16))
        assert answer.error_code == "InvalidSignatureException"

    def test_its_identity(self, http, ours):
        answer = http.sts("GetCallerIdentity", ours.credentials())
        assert answer.status == 200
        assert f"assumed-role/PosternNode/{ours.id}".encode() in answer.body

    def test_credentials_without_their_session_token(self, http, ours):
        whole = ours.credentials()
        answer = http.sts("GetCallerIdentity", Credentials(whole.access_key_id, whole.secret_access_key))
        assert (answer.status, answer.error_code) == (403, "InvalidClientTokenId")

    def test_rotates_its_key(self, http, testbed):
        node = NodeIdentity.register(testbed)
        old = node.rotate_key()
        assert node.request_role_token().status == 200
        assert node.request_role_token(signed_with=old).error_code == "InvalidSignatureException"
