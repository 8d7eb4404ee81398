"""Who may do what: policies decide every call, take effect at once, and explain themselves."""

import contextlib
import itertools
import json
import re
import subprocess
import time

import pytest

from identities import iam, make_user, policy, statement
from live_sessions import AT_ONCE_SECONDS, ended_at_once, is_active, wait_over
from sessions import session_id
from support.aws_clients import ClientError, client, error_code, error_message
from support.postern_testbed import AwsError
from support.terminal import Terminal
from support.wait import Timeout, wait_until

numbers = itertools.count(1)


@pytest.fixture
def user(testbed):
    """A user without any policy."""
    return make_user(testbed, f"user-{next(numbers)}")


@pytest.fixture(scope="module")
def staging(testbed):
    return testbed.add_node("staging", {"Environment": "Staging"})


def start(user, node, document=None, **parameters):
    """Starts a session by API, without opening it; returns its id."""
    named = {"DocumentName": document, "Parameters": {key: listed(value) for key, value in parameters.items()}} if document else {}
    return user.client().start_session(Target=node.id, **named)["SessionId"]


def administrators_session(testbed, node):
    return client(testbed, "ssm", testbed.admin).start_session(Target=node.id)["SessionId"]


def listed(value):
    return value if isinstance(value, list) else [value]


def denied(call, *arguments, **options):
    """The message of the denial that the call must end with."""
    with pytest.raises(ClientError) as raised:
        call(*arguments, **options)
    assert error_code(raised.value) in ("AccessDenied", "AccessDeniedException"), raised.value
    return error_message(raised.value)


START = {"action": "ssm:StartSession"}


# -- the seed case, with the AWS CLI and nothing else


SEED = policy(
    statement(
        action="ssm:StartSession",
        resource=["arn:aws:ec2:*:*:instance/*", "arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell"],
        StringEquals={"ec2:ResourceTag/Environment": "Production"},
    ),
    statement(action=["ssm:DescribeSessions", "ssm:TerminateSession", "ssm:ResumeSession"], resource="arn:aws:ssm:*:*:session/${aws:username}*"),
)


def test_seed_case(testbed, node, staging):
    aws = testbed.aws
    aws("iam", "create-group", "--group-name", "production")
    aws("iam", "put-group-policy", "--group-name", "production", "--policy-name", "sessions", "--policy-document", SEED)
    ana = make_user(testbed, "ana")
    aws("iam", "add-user-to-group", "--group-name", "production", "--user-name", "ana")
    others = administrators_session(testbed, node)

    command = testbed.aws_command("ssm", "start-session", "--target", node.id)
    with Terminal(command, env=testbed.client_environment("ana")) as shell:
        shell.settle()
        own = session_id(shell)
        assert own.startswith("ana-")
        assert shell.run("echo $((6*7))").strip() == "42"

        with pytest.raises(AwsError) as raised:
            testbed.ssm("start-session", "--target", staging.id, profile="ana")
        assert raised.value.code == "AccessDeniedException"
        account = ana.arn.split(":")[4]
        assert (
            f"User: {ana.arn} is not authorized to perform: ssm:StartSession on resource: "
            f"arn:aws:ssm:us-east-1:{account}:managed-instance/{staging.id} because no identity-based policy allows the "
            "ssm:StartSession action"
        ) in raised.value.text

        seen = {s["SessionId"] for s in testbed.ssm("describe-sessions", "--state", "Active", profile="ana")["Sessions"]}
        assert own in seen and others not in seen
        with pytest.raises(AwsError) as raised:
            testbed.ssm("terminate-session", "--session-id", others, profile="ana")
        assert raised.value.code == "AccessDeniedException"
        second = start(ana, node)
        assert testbed.ssm("terminate-session", "--session-id", second, profile="ana")["SessionId"] == second

        iam(testbed).remove_user_from_group(GroupName="production", UserName="ana")
        removed = time.time()
        rest = shell.wait_end(timeout=30).decode()
    assert "no longer allowed" in rest and "no identity-based policy" in rest, rest
    record = wait_over(testbed, own)
    assert record["EndDate"].timestamp() - removed < AT_ONCE_SECONDS
    assert record["Status"] == "Terminated"
    assert "It is no longer allowed. User: " + ana.arn in record["Details"]
    testbed.ssm("terminate-session", "--session-id", others)


# -- what a policy may look at


def test_tags_of_node_and_principal(testbed, user, node, staging):
    user.put(statement(**START, StringEquals={"ssm:resourceTag/Environment": "${aws:PrincipalTag/Environment}"}))
    denied(start, user, node)
    iam(testbed).tag_user(UserName=user.name, Tags=[{"Key": "Environment", "Value": "Production"}])
    start(user, node)
    denied(start, user, staging)


@pytest.mark.parametrize(
    "resource",
    ["arn:aws:ec2:*:*:instance/*", "arn:aws:ssm:*:*:managed-instance/*", "*"],
)
def test_either_arn_of_a_node(user, node, resource):
    user.put(statement(**START, resource=resource))
    start(user, node)


def test_source_address(user, node):
    user.put(statement(**START), statement("Deny", NotIpAddress={"aws:SourceIp": "192.0.2.0/24"}))
    assert "with an explicit deny in an identity-based policy" in denied(start, user, node)
    user.put(statement(**START), statement("Deny", NotIpAddress={"aws:SourceIp": "127.0.0.0/8"}))
    start(user, node)


def test_mfa_is_absent_with_a_long_term_key(user, node):
    user.put(statement(**START, Bool={"aws:MultiFactorAuthPresent": "true"}))
    denied(start, user, node)
    user.put(statement(**START, BoolIfExists={"aws:MultiFactorAuthPresent": "false"}))
    start(user, node)


def test_request_tags(user):
    user.put(
        statement(action="iam:PassRole"),
        statement(action="ssm:CreateActivation", StringEquals={"aws:RequestTag/Team": "red"}, **{"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}),
    )
    create = user.client().create_activation
    create(IamRole="PosternNode", Tags=[{"Key": "Team", "Value": "red"}])
    denied(create, IamRole="PosternNode", Tags=[{"Key": "Team", "Value": "blue"}])
    denied(create, IamRole="PosternNode", Tags=[{"Key": "Team", "Value": "red"}, {"Key": "Other", "Value": "x"}])
    user.put(statement(action="ssm:CreateActivation"))
    assert "iam:PassRole" in denied(create, IamRole="PosternNode")


def test_document_must_be_allowed_when_it_is_named(user, node):
    node_only = statement(**START, resource="arn:aws:ssm:*:*:managed-instance/*")
    user.put(node_only)
    start(user, node)
    assert "document/AWS-StartSSHSession" in denied(start, user, node, "AWS-StartSSHSession")
    user.put(node_only, statement(**START, resource="arn:aws:ssm:*::document/AWS-StartSSHSession"))
    start(user, node, "AWS-StartSSHSession")


def test_document_check_of_the_default_document(user, node):
    checked = statement(
        **START, resource="arn:aws:ssm:*:*:managed-instance/*", BoolIfExists={"ssm:SessionDocumentAccessCheck": "true"}
    )
    user.put(checked)
    assert "document/SSM-SessionManagerRunShell" in denied(start, user, node)
    user.put(checked, statement(**START, resource="arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell"))
    start(user, node)


def test_sessions_by_their_own_tags(testbed, user, node):
    user.put(
        statement(**START),
        statement(action="ssm:TerminateSession", StringLike={"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}),
    )
    own, others = start(user, node), administrators_session(testbed, node)
    user.client().terminate_session(SessionId=own)
    denied(user.client().terminate_session, SessionId=others)


def test_built_in_policy_means_ones_own_sessions_only(testbed, user, node):
    """Also where somebody's name begins with one's own, as a session's id does with its owner's name."""
    neighbour = make_user(testbed, f"{user.name}-admin")
    for each in (user, neighbour):
        iam(testbed).attach_user_policy(UserName=each.name, PolicyArn="arn:aws:iam::aws:policy/PosternSessionUser")
    theirs, own = start(neighbour, node), start(user, node)
    for call in ("resume_session", "terminate_session"):
        denied(getattr(user.client(), call), SessionId=theirs)
    user.client().resume_session(SessionId=own)
    for owner, identifier in ((user, own), (neighbour, theirs)):
        owner.client().terminate_session(SessionId=identifier)


def test_describing_all_sessions_or_none(testbed, user, node):
    others = administrators_session(testbed, node)
    user.put(statement(action="ssm:DescribeSessions"))
    assert others in {s["SessionId"] for s in user.client().describe_sessions(State="Active")["Sessions"]}
    user.put(statement(action="ssm:StartSession"))
    denied(user.client().describe_sessions, State="Active")


# -- what a session's document does


FORWARD = "AWS-StartPortForwardingSessionToRemoteHost"


def test_forward_to_one_host_and_port_only(user, node):
    user.put(
        statement(**START, StringEquals={"postern:Host": "db.internal"}, NumericEquals={"postern:PortNumber": "5432"}),
    )
    start(user, node, FORWARD, host="db.internal", portNumber="5432")
    start(user, node, FORWARD, host="DB.internal.", portNumber="5432")
    denied(start, user, node, FORWARD, host="db.internal", portNumber="22")
    denied(start, user, node, FORWARD, host="evil.internal", portNumber="5432")
    denied(start, user, node, "AWS-StartPortForwardingSession", portNumber="5432")
    denied(start, user, node)
    start(user, node, "Postern-StartForwarding", destinations="db.internal:5432")
    denied(start, user, node, "Postern-StartForwarding", destinations=["db.internal:5432", "evil.internal:22"])
    denied(start, user, node, "Postern-StartForwarding", destinations="*")
    denied(start, user, node, "Postern-StartForwarding", destinations="db.internal:5432", listeners="5432")


def test_certain_commands_only(user, node):
    user.put(statement(**START, StringLike={"postern:Command": ["uptime", "systemctl status *"]}))
    start(user, node, "AWS-StartNonInteractiveCommand", command="uptime")
    start(user, node, "Postern-StartCommand", command="systemctl status ssh")
    denied(start, user, node, "AWS-StartNonInteractiveCommand", command="uptime; id")
    denied(start, user, node)


def test_files_in_one_direction_only(user, node):
    user.put(statement(**START, StringEquals={"postern:FileDirection": "download"}))
    start(user, node, "Postern-CopyFiles", direction="download", path="/etc/hostname")
    denied(start, user, node, "Postern-CopyFiles", direction="upload", path="/tmp/x")


def test_local_user(testbed, user, node):
    content = {
        "schemaVersion": "1.0",
        "description": "as somebody",
        "sessionType": "Standard_Stream",
        "inputs": {"runAsEnabled": True, "runAsDefaultUser": "nobody"},
    }
    testbed.ssm("create-document", "--name", "As-Nobody", "--document-type", "Session", "--content", json.dumps(content))
    user.put(statement(**START, StringEquals={"postern:LocalUser": "nobody"}))
    start(user, node, "As-Nobody")
    iam(testbed).tag_user(UserName=user.name, Tags=[{"Key": "SSMSessionRunAs", "Value": "backup"}])
    denied(start, user, node, "As-Nobody")
    denied(start, user, node)


# -- what limits a user from above


def test_permissions_boundary(testbed, user, node):
    user.put(statement())
    start(user, node)
    api = iam(testbed)
    api.put_user_permissions_boundary(
        UserName=user.name, PermissionsBoundary="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    )
    assert "because no permissions boundary allows the ssm:StartSession action" in denied(start, user, node)
    api.delete_user_permissions_boundary(UserName=user.name)
    start(user, node)


@pytest.fixture
def organizations(testbed):
    api = client(testbed, "organizations", testbed.admin)
    made = []

    def create(*statements):
        identifier = api.create_policy(
            Content=policy(*statements), Description="", Name=f"scp-{next(numbers)}", Type="SERVICE_CONTROL_POLICY"
        )["Policy"]["PolicySummary"]["Id"]
        made.append(identifier)
        return identifier

    api.create = create
    yield api
    account = api.describe_organization()["Organization"]["MasterAccountId"]
    for target in (account, api.list_roots()["Roots"][0]["Id"]):
        with contextlib.suppress(ClientError):
            api.attach_policy(PolicyId="p-FullAWSAccess", TargetId=target)
    for identifier in made:
        for target in api.list_targets_for_policy(PolicyId=identifier)["Targets"]:
            api.detach_policy(PolicyId=identifier, TargetId=target["TargetId"])
        api.delete_policy(PolicyId=identifier)
    assert {p["Id"] for p in api.list_policies_for_target(TargetId=account, Filter="SERVICE_CONTROL_POLICY")["Policies"]} == {
        "p-FullAWSAccess"
    }


def test_tags_of_a_service_control_policy_that_cannot_be(organizations):
    with pytest.raises(ClientError) as raised:
        organizations.create_policy(
            Content=policy(statement()), Description="", Name="tagged", Type="SERVICE_CONTROL_POLICY",
            Tags=[{"Key": "Env", "Value": "a"}, {"Key": "env", "Value": "b"}],
        )  # fmt: skip
    assert error_code(raised.value) == "InvalidInputException"


def test_service_control_policy(testbed, organizations, user, node):
    user.put(statement())
    account = organizations.describe_organization()["Organization"]["MasterAccountId"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    deny = organizations.create(statement("Deny", "ssm:StartSession", ArnLike={"aws:PrincipalArn": user.arn}))
    live = start(user, node)
    record = ended_at_once(testbed, live, lambda: organizations.attach_policy(PolicyId=deny, TargetId=account))
    assert "with an explicit deny in a service control policy" in record["Details"]
    assert "with an explicit deny in a service control policy" in denied(start, user, node)
    with pytest.raises(ClientError) as raised:
        organizations.delete_policy(PolicyId=deny)
    assert error_code(raised.value) == "PolicyInUseException"
    with pytest.raises(ClientError) as raised:
        organizations.attach_policy(PolicyId=deny, TargetId=account)
    assert error_code(raised.value) == "DuplicatePolicyAttachmentException"
    organizations.detach_policy(PolicyId=deny, TargetId=account)
    start(user, node)
    # Of two levels each must allow.
    allow = organizations.create(statement(action=["ssm:*", "ssmmessages:*", "ec2messages:*", "organizations:*", "iam:*"]))
    organizations.attach_policy(PolicyId=allow, TargetId=root)
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=root)
    start(user, node)
    assert "because no service control policy allows" in denied(
        user.client("sts").decode_authorization_message, EncodedMessage="x"
    )
    with pytest.raises(ClientError) as raised:
        organizations.detach_policy(PolicyId=allow, TargetId=root)
    assert error_code(raised.value) == "ConstraintViolationException"
    organizations.attach_policy(PolicyId="p-FullAWSAccess", TargetId=root)


def test_service_control_policies_are_managed(organizations):
    listed = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert {"p-FullAWSAccess"} <= {p["Id"] for p in listed}
    identifier = organizations.create(statement())
    with pytest.raises(ClientError) as raised:
        organizations.update_policy(PolicyId=identifier, Content='{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}')
    assert error_code(raised.value) == "MalformedPolicyDocumentException"
    assert "Statement[0]" in error_message(raised.value)
    changed = organizations.update_policy(PolicyId=identifier, Description="changed")["Policy"]
    assert changed["PolicySummary"]["Description"] == "changed"
    assert organizations.describe_policy(PolicyId=identifier)["Policy"] == changed
    for call, code in (
        (lambda: organizations.describe_policy(PolicyId="p-nosuchpolicy"), "PolicyNotFoundException"),
        (lambda: organizations.attach_policy(PolicyId=identifier, TargetId="r-none"), "TargetNotFoundException"),
        (lambda: organizations.update_policy(PolicyId="p-FullAWSAccess", Name="x"), "ConstraintViolationException"),
        (lambda: organizations.create_policy(Content=policy(statement()), Description="", Name="FullAWSAccess", Type="SERVICE_CONTROL_POLICY"), "DuplicatePolicyException"),
    ):
        with pytest.raises(ClientError) as raised:
            call()
        assert error_code(raised.value) == code


# -- at once


def forbid(user):
    user.take()


def deactivate_key(user):
    iam(user.testbed).update_access_key(UserName=user.name, AccessKeyId=user.credentials.access_key_id, Status="Inactive")


def delete_key(user):
    iam(user.testbed).delete_access_key(UserName=user.name, AccessKeyId=user.credentials.access_key_id)


def deny(user):
    user.put(statement("Deny", "ssm:StartSession"), name="deny")


def delete_user(user):
    delete_key(user)
    user.take()
    iam(user.testbed).delete_user(UserName=user.name)


@pytest.mark.parametrize(
    "change, reason",
    [
        (forbid, "because no identity-based policy allows the ssm:StartSession action"),
        (deny, "with an explicit deny in an identity-based policy"),
        (deactivate_key, "was deactivated"),
        (delete_key, "was deleted"),
        (delete_user, "was deleted"),
    ],
)
def test_change_of_the_user_ends_live_sessions(testbed, user, node, change, reason):
    user.put(statement(**START))
    live = start(user, node)
    other = administrators_session(testbed, node)
    record = ended_at_once(testbed, live, lambda: change(user))
    assert reason in record["Details"]
    assert is_active(testbed, other)
    testbed.ssm("terminate-session", "--session-id", other)


def test_change_of_a_tag_ends_live_sessions(testbed, user):
    tagged = testbed.add_node("tagged", {"Team": "red"})
    user.put(statement(**START, StringEquals={"aws:ResourceTag/Team": "red"}))
    live = start(user, tagged)
    record = ended_at_once(
        testbed,
        live,
        lambda: testbed.ssm(
            "add-tags-to-resource", "--resource-type", "ManagedInstance", "--resource-id", tagged.id, "--tags", "Key=Team,Value=blue"
        ),
    )
    assert "no longer allowed" in record["Details"]
    tagged.stop()


def test_harmless_changes_end_nothing(testbed, user, node):
    user.put(statement(**START))
    live = start(user, node)
    user.put(statement(action="ssm:*"))
    make_user(testbed, f"bystander-{next(numbers)}", statement("Deny"))
    assert is_active(testbed, live)
    with pytest.raises(Timeout):
        wait_until(lambda: not is_active(testbed, live), 1, "never", 0.1)


def test_sessions_are_reviewed_after_a_restart(testbed, user, node):
    user.put(statement(**START, IpAddress={"aws:SourceIp": "127.0.0.0/8"}))
    live = start(user, node)
    testbed.stop_posternd()
    testbed.start_posternd()
    node.wait_connected(60)
    assert is_active(testbed, live)
    record = ended_at_once(testbed, live, lambda: forbid(user))
    assert "no longer allowed" in record["Details"]


# -- nodes are principals


CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def test_node_goes_offline_with_its_roles_policy(testbed):
    api = iam(testbed)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    api.create_role(RoleName="Fleet", AssumeRolePolicyDocument=json.dumps(trust))
    api.attach_role_policy(RoleName="Fleet", PolicyArn=CORE)
    node = testbed.add_node("fleet", iam_role="Fleet")
    live = administrators_session(testbed, node)
    api.detach_role_policy(RoleName="Fleet", PolicyArn=CORE)
    detached = time.time()
    record = wait_over(testbed, live)
    assert record["EndDate"].timestamp() - detached < AT_ONCE_SECONDS
    node.wait_disconnected()
    assert "ssmmessages:OpenControlChannel" in record["Details"]
    assert "ssmmessages:OpenControlChannel" in testbed.log("posternd-1") + testbed.logs()
    api.attach_role_policy(RoleName="Fleet", PolicyArn=CORE)
    node.wait_connected(90)
    node.stop()


def test_node_stays_online_while_its_role_allows_its_own_channel(testbed):
    """A review asks about the node, as the opening of its channel did, and not about everything."""
    api = iam(testbed)
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"})
    api.create_role(RoleName="Narrow", AssumeRolePolicyDocument=trust)
    channel = "ssmmessages:OpenControlChannel"
    allowed = policy(
        {"Effect": "Allow", "NotAction": channel, "Resource": "*"}, statement(action=channel, resource="arn:aws:ssm:*:*:managed-instance/*")
    )
    api.put_role_policy(RoleName="Narrow", PolicyName="p", PolicyDocument=allowed)
    node = testbed.add_node("narrow", iam_role="Narrow")
    make_user(testbed, f"bystander-{next(numbers)}", statement("Deny"))
    with pytest.raises(Timeout):
        wait_until(lambda: not testbed.is_connected(node.id), 1, "never", 0.1)
    assert f'node_revoked node={node.id}' not in testbed.logs()
    node.stop()


def test_activation_needs_a_role_that_systems_manager_may_have(testbed):
    api = iam(testbed)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    api.create_role(RoleName="NotForNodes", AssumeRolePolicyDocument=json.dumps(trust))
    for role in ("NotForNodes", "NoSuchRole"):
        with pytest.raises(AwsError) as raised:
            testbed.ssm("create-activation", "--iam-role", role)
        assert raised.value.code == "ValidationException"
        assert "Nonexistent role or missing ssm service principal in trust policy" in raised.value.text


# -- explanations


def test_encoded_message_is_for_those_who_may_decode_it(testbed, user, node):
    message = denied(start, user, node)
    encoded = message.split("Encoded authorization failure message: ")[1]
    denied(user.client("sts").decode_authorization_message, EncodedMessage=encoded)
    decoded = json.loads(client(testbed, "sts", testbed.admin).decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert decoded["allowed"] is False and decoded["explicitDeny"] is False
    assert decoded["context"]["principal"]["arn"] == user.arn
    assert decoded["context"]["action"] == "ssm:StartSession"
    conditions = {item["key"]: [value["value"] for value in item["values"]["items"]] for item in decoded["context"]["conditions"]["items"]}
    assert conditions["ssm:resourceTag/Environment"] == ["Production"]
    assert conditions["aws:SourceIp"] == ["127.0.0.1"]
    with pytest.raises(ClientError) as raised:
        client(testbed, "sts", testbed.admin).decode_authorization_message(EncodedMessage=encoded[:-8] + "AAAAAAA=")
    assert error_code(raised.value) == "InvalidAuthorizationMessageException"


def test_log_says_which_statement_decided(testbed, user, node):
    user.put({"Sid": "Seven", **statement(**START)})
    start(user, node)
    assert f"allowed by inline policy p of {user.name} statement 0 (Seven)" in testbed.logs()


def test_simulation(testbed, user, node, staging):
    user.put(
        {"Sid": "Production", **statement(**START, StringEquals={"ssm:resourceTag/Environment": "Production"})},
        statement("Deny", "ssm:StartSession", NotIpAddress={"aws:SourceIp": "192.0.2.0/24"}),
    )
    account = user.arn.split(":")[4]
    arns = [f"arn:aws:ssm:us-east-1:{account}:managed-instance/{each.id}" for each in (node, staging)]

    def simulate(**options):
        answer = iam(testbed).simulate_principal_policy(
            PolicySourceArn=user.arn, ActionNames=["ssm:StartSession", "ssm:TerminateSession"], ResourceArns=arns, **options
        )
        return {(r["EvalActionName"], r["EvalResourceName"]): r for r in answer["EvaluationResults"]}

    address = {"ContextKeyName": "aws:SourceIp", "ContextKeyType": "ip", "ContextKeyValues": ["192.0.2.7"]}
    results = simulate(ContextEntries=[address])
    assert results["ssm:StartSession", arns[0]]["EvalDecision"] == "allowed"
    assert results["ssm:StartSession", arns[0]]["MatchedStatements"][0]["SourcePolicyId"] == f"inline policy p of {user.name}"
    assert results["ssm:StartSession", arns[1]]["EvalDecision"] == "implicitDeny"
    assert results["ssm:TerminateSession", arns[0]]["EvalDecision"] == "implicitDeny"
    without = simulate()
    assert without["ssm:StartSession", arns[0]]["EvalDecision"] == "explicitDeny"
    assert without["ssm:StartSession", arns[0]]["MissingContextValues"] == ["aws:SourceIp"]

    custom = iam(testbed).simulate_custom_policy(
        PolicyInputList=[policy(statement(action="ssm:*")), policy(statement("Deny", "ssm:StartSession"))],
        ActionNames=["ssm:StartSession", "ssm:ListDocuments", "s3:GetObject"],
    )["EvaluationResults"]
    assert [result["EvalDecision"] for result in custom] == ["explicitDeny", "allowed", "implicitDeny"]
    denied(user.client("iam").simulate_principal_policy, PolicySourceArn=user.arn, ActionNames=["ssm:StartSession"])
    with pytest.raises(ClientError) as raised:
        iam(testbed).simulate_custom_policy(PolicyInputList=["{"], ActionNames=["ssm:StartSession"])
    assert error_code(raised.value) == "InvalidInput"
    with pytest.raises(ClientError) as raised:
        iam(testbed).simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{account}:user/nobody", ActionNames=["a:b"])
    assert error_code(raised.value) == "NoSuchEntity"


def test_a_simulation_of_many_statements_comes_in_pages(testbed):
    many = policy(*[statement("Deny", "s3:GetObject")] * 1000)
    actions = [f"ssm:Get{number}" for number in range(50)]
    request = {"PolicyInputList": [policy(statement()), *[many] * 5], "ActionNames": actions, "MaxItems": 1000}
    pages = [iam(testbed).simulate_custom_policy(**request)]
    while pages[-1]["IsTruncated"]:
        pages.append(iam(testbed).simulate_custom_policy(**request, Marker=pages[-1]["Marker"]))
    assert [len(page["EvaluationResults"]) for page in pages] == [20, 20, 10]
    results = [result for page in pages for result in page["EvaluationResults"]]
    assert [result["EvalActionName"] for result in results] == actions
    assert {result["EvalDecision"] for result in results} == {"allowed"}


@pytest.mark.parametrize("parameter", ["PolicyInputList", "PermissionsBoundaryPolicyInputList"])
def test_simulated_policies_have_a_length(testbed, parameter):
    request = {"PolicyInputList": [policy(statement())], "ActionNames": ["ssm:StartSession"]}
    request[parameter] = [policy(statement()) + " " * 131_072]
    with pytest.raises(ClientError) as raised:
        iam(testbed).simulate_custom_policy(**request)
    assert error_code(raised.value) == "ValidationError"
    assert f"{parameter[0].lower()}{parameter[1:]}" in error_message(raised.value)


def postern(testbed, *arguments, profile="postern"):
    return subprocess.run(
        [testbed.program("postern"), *map(str, arguments)],
        env=testbed.client_environment(profile),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_postern_policy(testbed, user, node, staging, tmp_path):
    user.put({"Sid": "Production", **statement(**START, StringEquals={"ec2:ResourceTag/Environment": "Production"})})
    question = ("--principal", user.name, "--action", "ssm:StartSession")
    done = postern(testbed, "policy", "explain", *question, "--resource", node.id)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"allowed ssm:StartSession by {user.arn}")
    assert "statement 0 (Production)" in done.stdout
    done = postern(testbed, "policy", "explain", *question, "--resource", staging.id)
    assert done.returncode == 3
    assert 'ec2:ResourceTag/Environment: the request has "Staging"' in done.stdout

    encoded = denied(start, user, staging).split("message: ")[1]
    done = postern(testbed, "policy", "explain", "--message", encoded)
    assert json.loads(done.stdout)["context"]["principal"]["arn"] == user.arn

    file = tmp_path / "deny.json"
    file.write_text(policy(statement("Deny", "ssm:StartSession")))
    done = postern(testbed, "policy", "simulate", file, *question, "--resource", node.id)
    assert done.returncode == 3 and "explicitDeny" in done.stdout
    done = postern(testbed, "policy", "explain", *question, "--resource", node.id, profile=user.name)
    assert done.returncode == 1 and "iam:SimulatePrincipalPolicy" in done.stderr


def test_postern_policy_check_needs_no_service(testbed, tmp_path):
    file = tmp_path / "p.json"
    file.write_text('{\n  "Version": "2012-10-17",\n  "Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}\n}')
    done = postern(testbed, "policy", "check", file, profile="none")
    assert done.returncode == 1
    assert re.search(r"error: line 3, column \d+: Statement\.Effect", done.stdout), done.stdout
    file.write_text(policy(statement(action="ssm:StartSesion")))
    done = postern(testbed, "policy", "check", file)
    assert done.returncode == 0 and "[unknown-action]" in done.stdout
    assert postern(testbed, "policy", "check", "--strict", file).returncode == 1
    found = json.loads(postern(testbed, "policy", "check", "--json", file).stdout)
    assert found[0]["Findings"][0]["Code"] == "unknown-action"
    assert postern(testbed, "policy", "check", "--kind", "nonsense", file).returncode == 2
