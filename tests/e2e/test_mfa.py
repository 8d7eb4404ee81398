"""MFA devices: enabled, shown to GetSessionToken and AssumeRole, and demanded by policies."""

import base64
import datetime
import itertools
import re
import shutil
import subprocess
import urllib.parse

import pexpect
import pytest
from identities import iam, make_user, policy, refused, statement
from support.aws_clients import client
from support.mfa_device import MfaDevice
from support.postern_testbed import AwsError, Credentials

numbers = itertools.count(1)

WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.fixture
def name():
    return f"mfa-{next(numbers)}"


def make_device(testbed, name):
    made = iam(testbed).create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    return MfaDevice(made["Base32StringSeed"], made["SerialNumber"])


def enable(testbed, name, device):
    first, second = device.pair()
    iam(testbed).enable_mfa_device(
        UserName=name, SerialNumber=device.serial_number, AuthenticationCode1=first, AuthenticationCode2=second
    )


@pytest.fixture
def user_with_device(testbed, name):
    """A user who may describe sessions with MFA only, and her device."""
    user = make_user(testbed, name, statement(action="ssm:DescribeSessions", **WITH_MFA))
    device = make_device(testbed, name)
    enable(testbed, name, device)
    return user, device


def credentials_of(answer):
    made = answer["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def session_token(user, device=None, code=None):
    shown = {"SerialNumber": device.serial_number, "TokenCode": code or device.code()} if device else {}
    return credentials_of(user.client("sts").get_session_token(**shown))


def refused_by_cli(code, call, *arguments, **options):
    with pytest.raises(AwsError) as raised:
        call(*arguments, **options)
    assert raised.value.code == code, raised.value


# -- devices


def codes(device, order=iter):
    """Two codes in a row as the CLI takes them, made only now: they are good for a minute or less."""
    first, second = order(device.pair(age=0))
    return "--authentication-code1", first, "--authentication-code2", second


def scanned_seed(picture):
    """What an app takes from the QR code, read by a scanner that is not ours."""
    if not shutil.which("zbarimg"):
        pytest.skip("no zbarimg; script/bootstrap installs it")
    text = subprocess.run(["zbarimg", "--quiet", "--raw", picture], check=True, capture_output=True, text=True).stdout.strip()
    address = urllib.parse.urlsplit(text)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    return urllib.parse.parse_qs(address.query)["secret"][0]


def test_a_devices_life_by_cli(testbed, name, aws_cli, tmp_path):
    def call(*arguments):
        return testbed.aws("iam", *arguments, aws=aws_cli)

    make_user(testbed, name)
    seed, picture = tmp_path / "seed", tmp_path / "qr.png"
    create = ("create-virtual-mfa-device", "--virtual-mfa-device-name", name, "--bootstrap-method")
    made = call(*create, "Base32StringSeed", "--outfile", seed)["VirtualMFADevice"]
    serial = made["SerialNumber"]
    assert serial.endswith(f":mfa/{name}")
    assert len(base64.b32decode(seed.read_text())) == 40
    drawn = call(*create[:2], f"{name}-qr", *create[3:], "QRCodePNG", "--outfile", picture)["VirtualMFADevice"]
    read = MfaDevice(scanned_seed(picture), drawn["SerialNumber"])
    read_device = ("--user-name", name, "--serial-number", read.serial_number)
    call("enable-mfa-device", *read_device, *codes(read))
    call("deactivate-mfa-device", *read_device)
    call("delete-virtual-mfa-device", "--serial-number", read.serial_number)

    device = MfaDevice(seed.read_text(), serial)
    this = ("--user-name", name, "--serial-number", serial)
    with pytest.raises(AwsError) as raised:
        call("enable-mfa-device", *this, *codes(device, reversed))
    assert raised.value.code == "InvalidAuthenticationCode"
    call("enable-mfa-device", *this, *codes(device))
    listed = call("list-mfa-devices", "--user-name", name)["MFADevices"]
    assert [(each["UserName"], each["SerialNumber"]) for each in listed] == [(name, serial)]
    assigned = call("list-virtual-mfa-devices", "--assignment-status", "Assigned")["VirtualMFADevices"]
    assert any(each["SerialNumber"] == serial and each["User"]["UserName"] == name for each in assigned)

    with pytest.raises(AwsError) as raised:
        call("delete-virtual-mfa-device", "--serial-number", serial)
    assert raised.value.code == "DeleteConflict"
    with pytest.raises(AwsError) as raised:
        call("enable-mfa-device", *this, *codes(device))
    assert raised.value.code == "EntityAlreadyExists"
    call("resync-mfa-device", *this, *codes(device))
    call("deactivate-mfa-device", *this)
    assert call("list-mfa-devices", "--user-name", name)["MFADevices"] == []
    call("delete-virtual-mfa-device", "--serial-number", serial)
    with pytest.raises(AwsError) as raised:
        call("delete-virtual-mfa-device", "--serial-number", serial)
    assert raised.value.code == "NoSuchEntity"


def test_tags_and_pages_of_devices(testbed, name):
    api = iam(testbed)
    made = [
        api.create_virtual_mfa_device(
            Path=f"/{name}/", VirtualMFADeviceName=f"{name}-{i}", Tags=[{"Key": "Team", "Value": "red"}]
        )["VirtualMFADevice"]["SerialNumber"]
        for i in range(3)
    ]
    pages = api.get_paginator("list_virtual_mfa_devices").paginate(AssignmentStatus="Unassigned", PaginationConfig={"PageSize": 2})
    listed = [each["SerialNumber"] for page in pages for each in page["VirtualMFADevices"]]
    assert [serial for serial in listed if name in serial] == made
    api.tag_mfa_device(SerialNumber=made[0], Tags=[{"Key": "Floor", "Value": "2"}])
    api.tag_mfa_device(SerialNumber=made[0], Tags=[{"Key": "team", "Value": "blue"}])
    assert {"Key": "team", "Value": "blue"} in api.list_mfa_device_tags(SerialNumber=made[0])["Tags"]
    assert len(api.list_mfa_device_tags(SerialNumber=made[0])["Tags"]) == 2
    api.untag_mfa_device(SerialNumber=made[0], TagKeys=["team"])
    assert api.list_mfa_device_tags(SerialNumber=made[0])["Tags"] == [{"Key": "Floor", "Value": "2"}]
    refused(api.create_virtual_mfa_device, "EntityAlreadyExists", Path=f"/{name}/", VirtualMFADeviceName=f"{name}-0")


def test_one_device(testbed, http, user_with_device):
    """By hand: neither Debian's SDK nor its CLI has GetMFADevice yet."""
    user, device = user_with_device

    def get(credentials=testbed.admin, **parameters):
        return http.iam("GetMFADevice", credentials, SerialNumber=device.serial_number, **parameters)

    (listed,) = iam(testbed).list_mfa_devices(UserName=user.name)["MFADevices"]
    answer = get(UserName=user.name)
    assert answer.status == 200, answer.body
    found = dict(re.findall(r"<(UserName|SerialNumber|EnableDate)>([^<]*)</", answer.body.decode()))
    assert (found["UserName"], found["SerialNumber"]) == (user.name, device.serial_number)
    assert datetime.datetime.fromisoformat(found["EnableDate"]) == listed["EnableDate"]
    assert (get().status, get().error_code) == (404, "NoSuchEntity"), "without a name it is the caller"
    assert get(UserName=f"{user.name}-none").error_code == "NoSuchEntity"
    assert (get(user.credentials).status, get(user.credentials).error_code) == (403, "AccessDenied")
    user.put(statement(action="iam:GetMFADevice", resource="arn:aws:iam::*:user/${aws:username}"))
    assert get(user.credentials).status == 200
    assert get(user.credentials, UserName="admin").error_code == "AccessDenied"


def test_one_device_by_cli(testbed, user_with_device, aws_cli):
    if "/usr/bin" in aws_cli:
        pytest.skip("Debian's release has no get-mfa-device")
    user, device = user_with_device
    this = ("iam", "get-mfa-device", "--serial-number", device.serial_number)
    found = testbed.aws(*this, "--user-name", user.name, aws=aws_cli)
    assert (found["UserName"], found["SerialNumber"]) == (user.name, device.serial_number)
    refused_by_cli("NoSuchEntity", testbed.aws, *this, "--user-name", "admin", aws=aws_cli)


def test_users_look_after_their_own_devices(testbed, name):
    """AWS's example: one's own device and nobody else's."""
    user = make_user(
        testbed, name,
        statement(action=["iam:CreateVirtualMFADevice", "iam:DeleteVirtualMFADevice"], resource="arn:aws:iam::*:mfa/${aws:username}"),
        statement(action=["iam:EnableMFADevice", "iam:ListMFADevices"], resource="arn:aws:iam::*:user/${aws:username}"),
    )  # fmt: skip
    own = user.client("iam")
    made = own.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    device = MfaDevice(made["Base32StringSeed"], made["SerialNumber"])
    first, second = device.pair()
    codes = {"AuthenticationCode1": first, "AuthenticationCode2": second}
    refused(own.enable_mfa_device, "AccessDenied", UserName="admin", SerialNumber=device.serial_number, **codes)
    refused(own.create_virtual_mfa_device, "AccessDenied", VirtualMFADeviceName="another")
    own.enable_mfa_device(UserName=name, SerialNumber=device.serial_number, **codes)
    assert own.list_mfa_devices()["MFADevices"][0]["SerialNumber"] == device.serial_number


# -- GetSessionToken


def test_a_policy_demands_mfa(testbed, user_with_device):
    user, device = user_with_device
    describe = {"State": "Active"}
    refused(user.client().describe_sessions, "AccessDeniedException", **describe)
    without = client(testbed, "ssm", session_token(user))
    refused(without.describe_sessions, "AccessDeniedException", "no identity-based policy allows", **describe)
    with_mfa = client(testbed, "ssm", session_token(user, device))
    with_mfa.describe_sessions(**describe)
    user.put(statement(action="ssm:DescribeSessions", NumericLessThan={"aws:MultiFactorAuthAge": "0"}))
    refused(with_mfa.describe_sessions, "AccessDeniedException", **describe)
    user.put(statement(action="ssm:DescribeSessions", NumericLessThan={"aws:MultiFactorAuthAge": "300"}))
    with_mfa.describe_sessions(**describe)


DESCRIBE = ("ssm", "describe-sessions", "--state", "Active")


@pytest.fixture
def as_user(testbed, user_with_device, aws_cli):
    """The CLI with the user's access key, or with the credentials in `session`, which is what STS has answered."""
    user, _ = user_with_device

    def call(*arguments, session=None):
        profile = f"{user.name}-session" if session else user.name
        if session:
            testbed.write_profile(profile, credentials_of(session))
        return testbed.aws(*arguments, profile=profile, aws=aws_cli)

    return call


def with_code(device, code):
    return "--serial-number", device.serial_number, "--token-code", code


def test_a_session_token_by_cli(as_user, user_with_device):
    _, device = user_with_device
    get_token = ("sts", "get-session-token")
    refused_by_cli("AccessDeniedException", as_user, *DESCRIBE)
    refused_by_cli("AccessDeniedException", as_user, *DESCRIBE, session=as_user(*get_token))
    refused_by_cli("AccessDenied", as_user, *get_token, *with_code(device, device.wrong_code()))
    proven = as_user(*get_token, *with_code(device, device.code()))
    assert as_user(*DESCRIBE, session=proven)["Sessions"] == []


def test_a_code_counts_once(testbed, user_with_device):
    user, device = user_with_device
    code = device.code()
    session_token(user, device, code)
    wrong = "invalid MFA one time pass code"
    sts = user.client("sts")
    refused(sts.get_session_token, "AccessDenied", wrong, SerialNumber=device.serial_number, TokenCode=code)
    refused(sts.get_session_token, "AccessDenied", wrong, SerialNumber=device.serial_number, TokenCode=device.wrong_code())
    elsewhere = make_user(testbed, f"{user.name}-other").client("sts")
    refused(elsewhere.get_session_token, "AccessDenied", "associated with this user", SerialNumber=device.serial_number, TokenCode=device.code())
    refused(sts.get_session_token, "ValidationError", "go together", SerialNumber=device.serial_number)


def test_guessing_codes_is_slowed_down(testbed, user_with_device):
    user, device = user_with_device
    sts = user.client("sts")
    for _ in range(5):
        refused(sts.get_session_token, "AccessDenied", SerialNumber=device.serial_number, TokenCode=device.wrong_code())
    refused(sts.get_session_token, "Throttling", "Too many wrong MFA codes", SerialNumber=device.serial_number, TokenCode=device.code())
    # Without a code nothing is guessed.
    sts.get_session_token()


def test_what_a_session_token_is_not_good_for(testbed, name):
    user = make_user(testbed, name, statement())
    device = make_device(testbed, name)
    enable(testbed, name, device)
    plain, proven = session_token(user), session_token(user, device)
    assert client(testbed, "sts", plain).get_caller_identity()["Arn"] == user.arn
    refused(client(testbed, "iam", plain).list_users, "InvalidClientTokenId", "MFA code")
    client(testbed, "iam", proven).list_users()
    for credentials in (plain, proven):
        refused(client(testbed, "sts", credentials).get_session_token, "AccessDenied")
        refused(client(testbed, "sts", credentials).get_access_key_info, "AccessDenied", AccessKeyId=credentials.access_key_id)


def test_a_session_token_ends_with_its_key(testbed, user_with_device):
    user, device = user_with_device
    sts = client(testbed, "sts", session_token(user, device))
    sts.get_caller_identity()
    iam(testbed).update_access_key(UserName=user.name, AccessKeyId=user.credentials.access_key_id, Status="Inactive")
    refused(sts.get_caller_identity, "InvalidClientTokenId")


# -- AssumeRole


def trusted_with_mfa(user):
    return policy({"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole", "Condition": WITH_MFA})


@pytest.fixture
def role(testbed, user_with_device):
    user, _ = user_with_device
    api = iam(testbed)
    made = api.create_role(RoleName=user.name, AssumeRolePolicyDocument=trusted_with_mfa(user))["Role"]
    api.put_role_policy(RoleName=user.name, PolicyName="p", PolicyDocument=policy(statement(action="ssm:DescribeSessions", **WITH_MFA)))
    return made["Arn"]


def test_a_trust_policy_demands_mfa(testbed, user_with_device, role):
    user, device = user_with_device
    sts = user.client("sts")
    session = {"RoleArn": role, "RoleSessionName": "work"}
    refused(sts.assume_role, "AccessDenied", **session)
    refused(sts.assume_role, "AccessDenied", "invalid MFA", SerialNumber=device.serial_number, TokenCode=device.wrong_code(), **session)
    assumed = sts.assume_role(SerialNumber=device.serial_number, TokenCode=device.code(), **session)
    client(testbed, "ssm", credentials_of(assumed)).describe_sessions(State="Active")
    # The proof in a session token counts as well.
    proven = client(testbed, "sts", session_token(user, device))
    client(testbed, "ssm", credentials_of(proven.assume_role(**session))).describe_sessions(State="Active")


def test_a_role_by_cli(testbed, as_user, user_with_device, role):
    user, device = user_with_device
    assume = ("sts", "assume-role", "--role-arn", role, "--role-session-name", "work")
    refused_by_cli("AccessDenied", as_user, *assume)
    refused_by_cli("AccessDenied", as_user, *assume, *with_code(device, device.wrong_code()))
    proven = as_user(*assume, *with_code(device, device.code()))
    assert as_user(*DESCRIBE, session=proven)["Sessions"] == []
    # Where the role is given without a code, what its own policy demands is still missing.
    trust = policy({"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "sts:AssumeRole"})
    iam(testbed).update_assume_role_policy(RoleName=user.name, PolicyDocument=trust)
    refused_by_cli("AccessDeniedException", as_user, *DESCRIBE, session=as_user(*assume))


def test_a_profile_with_mfa_serial(testbed, user_with_device, role, aws_cli):
    user, device = user_with_device
    profile = f"{user.name}-role"
    with open(testbed.home / ".aws/config", "a") as config:
        config.write(
            f"[profile {profile}]\nrole_arn = {role}\nsource_profile = {user.name}\nmfa_serial = {device.serial_number}\n"
            f"region = us-east-1\nca_bundle = {testbed.ca_bundle}\noutput = text\n"
            f"endpoint_url = {testbed.endpoint}\n"
        )
    environment = {**testbed.client_environment(profile), "AWS_ENDPOINT_URL": testbed.endpoint}
    command = testbed.aws_command("sts", "get-caller-identity", aws=aws_cli)
    if "/usr/bin" in aws_cli:
        pytest.skip("Debian's release calls AWS itself for the role: it reads no endpoint_url for that")
    child = pexpect.spawn(command[0], command[1:], env=environment, timeout=60, encoding="utf-8")
    child.expect("Enter MFA code for .*: ")
    child.sendline(device.code())
    child.expect(pexpect.EOF)
    assert f":assumed-role/{user.name}/" in child.before
