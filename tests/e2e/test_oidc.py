"""AssumeRoleWithWebIdentity, with a real OpenID Connect provider (npm's oidc-provider, see oidc/)."""

import base64
import itertools
import json
import sys
from pathlib import Path

import pytest
from identities import iam, policy, statement
from support.aws_clients import ClientError, client, error_code, error_message
from support.postern_testbed import Credentials, Testbed, other_aws

sys.path.insert(0, str(Path(__file__).parent / "oidc"))
import botocore  # noqa: E402  under the name that the CLI's copy has once it runs
import provider as oidc  # noqa: E402

pytestmark = pytest.mark.skipif(oidc.missing() is not None, reason=str(oidc.missing()))

numbers = itertools.count(1)
# Whoever has the session tag Team=red, which the provider gives to alice.
RED = statement(action="ssm:DescribeSessions", StringEquals={"aws:PrincipalTag/Team": "red"})
ACTIONS = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with oidc.OidcProvider(tmp_path_factory.mktemp("oidc")) as running:
        yield running


@pytest.fixture(scope="module")
def testbed(programs, provider):
    with Testbed(settings=f'[oidc]\nca_bundle = "{provider.certificate}"\n') as bed:
        yield bed


@pytest.fixture(scope="module")
def registered(testbed, provider):
    """The provider's ARN."""
    return iam(testbed).create_open_id_connect_provider(
        Url=provider.issuer, ClientIDList=["postern-rsa", "postern-ec"], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]


def trust(arn, name, **condition):
    return policy({"Effect": "Allow", "Principal": {"Federated": arn}, "Action": ACTIONS, "Condition": condition or {"StringEquals": {f"{name}:sub": ["alice", "bob"]}}})


@pytest.fixture
def role(testbed, provider, registered):
    name = f"web-{next(numbers)}"
    api = iam(testbed)
    arn = api.create_role(RoleName=name, AssumeRolePolicyDocument=trust(registered, provider.name))["Role"]["Arn"]
    api.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(RED))
    return arn


def anonymous(testbed):
    """A client that has no credentials, and needs none."""
    made = client(testbed, "sts", Credentials("none", "none"))
    made.meta.events.register("choose-signer.sts.*", lambda **_: botocore.UNSIGNED)
    return made


def assume(testbed, role, token, **options):
    return anonymous(testbed).assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="from-web", WebIdentityToken=token, **options
    )


def refused(code, text, call, *arguments, **options):
    with pytest.raises(ClientError) as raised:
        call(*arguments, **options)
    assert error_code(raised.value) == code, raised.value
    assert text in error_message(raised.value), raised.value


def credentials_of(answer):
    made = answer["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def with_header(token, **header):
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return ".".join([encoded, *token.split(".")[1:]])


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_whoever_the_provider_vouches_for(testbed, provider, registered, role, algorithm):
    answer = assume(testbed, role, provider.id_token("alice", algorithm))
    assert answer["SubjectFromWebIdentityToken"] == "alice"
    assert answer["Audience"] == oidc.CLIENTS[algorithm]
    assert answer["Provider"] == registered
    assert answer["AssumedRoleUser"]["Arn"].endswith("/from-web")
    sts = client(testbed, "sts", credentials_of(answer))
    assert sts.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]


def test_whoever_the_provider_vouches_for_by_cli(testbed, provider, role, aws_cli):
    session = ("--role-arn", role, "--role-session-name", "from-web", "--web-identity-token", provider.id_token("alice"))
    testbed.write_profile("nobody", Credentials("none", "none"))
    answer = testbed.aws("sts", "assume-role-with-web-identity", *session, profile="nobody", aws=aws_cli)
    assert answer["SubjectFromWebIdentityToken"] == "alice"
    testbed.write_profile("from-web", credentials_of(answer))
    assert testbed.aws("sts", "get-caller-identity", profile="from-web", aws=aws_cli)["Arn"] == answer["AssumedRoleUser"]["Arn"]


def test_claims_become_session_tags(testbed, provider, role):
    alice = client(testbed, "ssm", credentials_of(assume(testbed, role, provider.id_token("alice"))))
    alice.describe_sessions(State="Active")
    bob = client(testbed, "ssm", credentials_of(assume(testbed, role, provider.id_token("bob"))))
    refused("AccessDeniedException", "no identity-based policy", bob.describe_sessions, State="Active")


def test_the_trust_policy_decides(testbed, provider, registered, role):
    mallory = provider.id_token("mallory")
    refused("AccessDenied", "sts:AssumeRoleWithWebIdentity", assume, testbed, role, mallory)
    name = role.rsplit("/", 1)[1]
    iam(testbed).update_assume_role_policy(
        RoleName=name, PolicyDocument=trust(registered, provider.name, StringEquals={f"{provider.name}:department": "operations", f"{provider.name}:aud": "postern-rsa"})
    )
    assume(testbed, role, mallory)
    refused("AccessDenied", "", assume, testbed, role, provider.id_token("mallory", "ES256"))
    refused("AccessDenied", "", assume, testbed, f"{role}-missing", mallory)


def test_the_cli_signs_in_by_itself(testbed, provider, role, tmp_path):
    """As in a Kubernetes pod: a role and a file with the token."""
    other = other_aws()
    if other is None:
        pytest.skip("Debian's release reads no endpoint_url for this, and there is no other AWS CLI")
    token = tmp_path / "token"
    token.write_text(provider.id_token("alice"))
    with open(testbed.home / ".aws/config", "a") as config:
        config.write(
            f"[profile pod]\nrole_arn = {role}\nweb_identity_token_file = {token}\nrole_session_name = pod\nregion = us-east-1\n"
            f"endpoint_url = {testbed.endpoint}\nca_bundle = {testbed.ca_bundle}\noutput = json\n"
        )
    assert testbed.aws("sts", "get-caller-identity", profile="pod", aws=other)["Arn"].endswith("/pod")


def test_tokens_that_nobody_signed(testbed, provider, role):
    token = provider.id_token("alice")
    invalid = "InvalidIdentityToken"
    refused(invalid, "algorithm", assume, testbed, role, with_header(token, alg="none"))
    refused(invalid, "algorithm", assume, testbed, role, with_header(token, alg="HS256", kid="rsa-1"))
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "admin"}).encode()).decode().rstrip("=")
    refused(invalid, "signature is wrong", assume, testbed, role, ".".join([head, changed, signature]))
    elsewhere = base64.urlsafe_b64encode(json.dumps({**claims, "iss": "https://other.example"}).encode()).decode().rstrip("=")
    refused(invalid, "No OpenIDConnect provider", assume, testbed, role, ".".join([head, elsewhere, signature]))
    refused(invalid, "three parts", assume, testbed, role, "not a token")


def test_new_signing_keys_are_found(testbed, provider, role):
    old = provider.id_token("alice")
    assume(testbed, role, old)
    provider.rotate_keys()
    assume(testbed, role, provider.id_token("alice"))


def test_clients_of_the_provider(testbed, provider, registered, role):
    api = iam(testbed)
    token = provider.id_token("alice", "ES256")
    api.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=registered, ClientID="postern-ec")
    refused("InvalidIdentityToken", "audience", assume, testbed, role, token)
    api.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=registered, ClientID="postern-ec")
    assume(testbed, role, token)
    api.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=registered, ThumbprintList=["a" * 40])
    found = api.get_open_id_connect_provider(OpenIDConnectProviderArn=registered)
    assert found["Url"] == provider.name
    assert sorted(found["ClientIDList"]) == ["postern-ec", "postern-rsa"]
    assert found["ThumbprintList"] == ["a" * 40]


def test_a_providers_life_by_cli(testbed, aws_cli):
    def call(*arguments):
        return testbed.aws("iam", *arguments, aws=aws_cli)

    url = f"https://id-{next(numbers)}.example/realm"
    made = call("create-open-id-connect-provider", "--url", url, "--client-id-list", "a", "--thumbprint-list", "0" * 40, "--tags", "Key=Team,Value=red")
    arn = made["OpenIDConnectProviderArn"]
    assert arn.endswith(":oidc-provider/" + url.removeprefix("https://"))
    assert arn in [each["Arn"] for each in call("list-open-id-connect-providers")["OpenIDConnectProviderList"]]
    this = ("--open-id-connect-provider-arn", arn)
    call("tag-open-id-connect-provider", *this, "--tags", "Key=Floor,Value=2")
    call("untag-open-id-connect-provider", *this, "--tag-keys", "Team")
    assert call("list-open-id-connect-provider-tags", *this)["Tags"] == [{"Key": "Floor", "Value": "2"}]
    call("delete-open-id-connect-provider", *this)
    assert arn not in [each["Arn"] for each in call("list-open-id-connect-providers")["OpenIDConnectProviderList"]]


def test_requests_that_are_wrong(testbed, registered, provider):
    api = iam(testbed)
    refused("EntityAlreadyExists", provider.issuer, api.create_open_id_connect_provider, Url=provider.issuer, ThumbprintList=[])
    for url in ("http://id.example", "https://id.example?x=1", "https://"):
        refused("ValidationError", "url", api.create_open_id_connect_provider, Url=url, ThumbprintList=[])
    missing = {"OpenIDConnectProviderArn": f"{registered}/missing"}
    for call in (api.get_open_id_connect_provider, api.delete_open_id_connect_provider):
        refused("NoSuchEntity", "not found", call, **missing)


def test_a_deleted_provider_vouches_for_nobody(testbed, provider, registered, role):
    token = provider.id_token("alice")
    session = client(testbed, "sts", credentials_of(assume(testbed, role, token)))
    iam(testbed).delete_open_id_connect_provider(OpenIDConnectProviderArn=registered)
    refused("InvalidIdentityToken", "No OpenIDConnect provider", assume, testbed, role, token)
    # As in AWS, its sessions go on until they expire.
    session.get_caller_identity()
