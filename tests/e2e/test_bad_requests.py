"""Requests that no correct client sends: each gets AWS's error, and the service goes on."""

import datetime
import re

import pytest
from node_identity import NodeIdentity
from support.postern_testbed import Credentials

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


class TestNodes:
    """What a node may ask: what concerns itself."""

    @pytest.fixture(scope="class")
    def ours(self, testbed):
        return NodeIdentity.register(testbed)

    @pytest.fixture(scope="class")
    def theirs(self, testbed):
        return NodeIdentity.register(testbed)

    def test_about_itself(self, http, ours):
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
