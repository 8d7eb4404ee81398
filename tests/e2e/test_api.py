"""Activations, nodes and tags through the AWS CLI, Debian's and the other, and what our command lists."""

import datetime
import re
import subprocess
import uuid

import pytest
from node_identity import NodeIdentity
from support.postern_testbed import AwsError, Node
from support.wait import wait_until

LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def ssm(testbed, aws_cli):
    """Calls an ssm operation with the CLI under test."""

    def call(*arguments):
        return testbed.ssm(*arguments, aws=aws_cli)

    return call


def error_code(call, *arguments):
    with pytest.raises(AwsError) as raised:
        call(*arguments)
    return raised.value.code


def create(ssm, *arguments):
    return ssm("create-activation", "--iam-role", "PosternNode", *arguments)


def activations(ssm, *arguments):
    return {a["ActivationId"]: a for a in ssm("describe-activations", *arguments)["ActivationList"]}


def instances(ssm, *arguments):
    listed = ssm("describe-instance-information", *arguments)["InstanceInformationList"]
    return {instance["InstanceId"]: instance for instance in listed}


# -- sts


def test_caller_identity(testbed, aws_cli):
    identity = testbed.aws("sts", "get-caller-identity", aws=aws_cli)
    assert re.fullmatch(r"\d{12}", identity["Account"])
    assert identity["Arn"] == f"arn:aws:iam::{identity['Account']}:user/admin"
    assert identity["UserId"].startswith("AIDA")


# -- activations


def test_activation_is_described_and_deleted(ssm):
    created = create(
        ssm, "--description", "lab", "--default-instance-name", "lab-node", "--registration-limit", "7",
        "--tags", "Key=Team,Value=red",
    )  # fmt: skip
    identifier = created["ActivationId"]
    assert str(uuid.UUID(identifier)) == identifier
    assert len(created["ActivationCode"]) >= 20

    described = activations(ssm)[identifier]
    assert described["Description"] == "lab"
    assert described["DefaultInstanceName"] == "lab-node"
    assert described["IamRole"].endswith("PosternNode")
    assert described["RegistrationLimit"] == 7
    assert described["RegistrationsCount"] == 0
    assert described["Expired"] is False
    assert described["Tags"] == [{"Key": "Team", "Value": "red"}]
    assert "ActivationCode" not in described

    ssm("delete-activation", "--activation-id", identifier)
    assert identifier not in activations(ssm)
    assert error_code(ssm, "delete-activation", "--activation-id", identifier) in ("InvalidActivation", "InvalidActivationId")


def test_activation_expires_in_a_day_unless_told(ssm):
    identifier = create(ssm)["ActivationId"]
    described = activations(ssm)[identifier]
    created, expires = (_time(described[name]) for name in ("CreatedDate", "ExpirationDate"))
    assert abs(expires - created - datetime.timedelta(days=1)) < datetime.timedelta(seconds=2)
    assert described["RegistrationLimit"] == 1


def _time(value):
    # Version 1 prints seconds, version 2 ISO 8601.
    if isinstance(value, (int, float)):
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return datetime.datetime.fromisoformat(value)


def test_activation_filters(ssm):
    name = f"filtered-{uuid.uuid4()}"
    identifier = create(ssm, "--default-instance-name", name)["ActivationId"]
    other = create(ssm)["ActivationId"]
    by_id = activations(ssm, "--filters", f"FilterKey=ActivationIds,FilterValues={identifier}")
    assert set(by_id) == {identifier}
    by_name = activations(ssm, "--filters", f"FilterKey=DefaultInstanceName,FilterValues={name}")
    assert set(by_name) == {identifier}
    assert {identifier, other} <= set(activations(ssm, "--filters", "FilterKey=IamRole,FilterValues=PosternNode"))


def test_activation_that_would_expire_too_late_or_long_ago(ssm):
    late = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=31)
    for when in (LONG_AGO, f"{late:%Y-%m-%dT%H:%M:%SZ}"):
        arguments = ("create-activation", "--iam-role", "PosternNode", "--expiration-date", when)
        assert error_code(ssm, *arguments) in ("InvalidParameters", "ValidationException")


@pytest.mark.parametrize("what", ["wrong code", "unknown id", "used up", "deleted"])
def test_activation_that_registers_nothing(testbed, what):
    activation = testbed.create_activation()
    if what == "wrong code":
        activation["ActivationCode"] = "x" * len(activation["ActivationCode"])
    elif what == "unknown id":
        activation["ActivationId"] = str(uuid.uuid4())
    elif what == "deleted":
        testbed.ssm("delete-activation", "--activation-id", activation["ActivationId"])
    elif what == "used up":
        NodeIdentity.try_register(testbed, activation)
    _, answer = NodeIdentity.try_register(testbed, activation)
    expected = "RegistrationLimitExceeded" if what == "used up" else "InvalidActivation"
    assert (answer.status, answer.error_code) == (400, expected)

    node = Node(testbed, "never", testbed.root / f"never-{uuid.uuid4()}")
    with pytest.raises(RuntimeError, match="activation"):
        testbed.run_register(activation, node)


# -- nodes


def test_node_describes_itself(ssm, node):
    seen = instances(ssm)[node.id]
    assert re.fullmatch(r"mi-[0-9a-f]{17}", seen["InstanceId"])
    assert seen["PingStatus"] == "Online"
    assert seen["PlatformType"] == "Linux"
    assert seen["Name"] == "web"
    assert seen["ResourceType"] == "ManagedInstance"
    assert seen["IamRole"].endswith("PosternNode")
    assert re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6}){2,3}", seen["AgentVersion"])
    for name in ("ActivationId", "RegistrationDate", "LastPingDateTime", "PlatformName", "PlatformVersion", "ComputerName"):
        assert seen[name], name


def test_node_filters(ssm, node):
    seen = instances(ssm)[node.id]
    matching = [
        f"Key=InstanceIds,Values={node.id}",
        f"Key=ActivationIds,Values={seen['ActivationId']}",
        f"Key=AgentVersion,Values={seen['AgentVersion']}",
        "Key=IamRole,Values=PosternNode",
        "Key=PingStatus,Values=Online",
        "Key=PlatformTypes,Values=Linux",
        "Key=ResourceType,Values=ManagedInstance",
        "Key=tag-key,Values=Environment",
        "Key=tag:Environment,Values=Production,Staging",
    ]
    for condition in matching:
        assert node.id in instances(ssm, "--filters", condition), condition
    assert node.id in instances(ssm, "--filters", *matching), "all at once"
    for condition in ("Key=PlatformTypes,Values=Windows", "Key=tag:Environment,Values=production", "Key=PingStatus,Values=Inactive"):
        assert node.id not in instances(ssm, "--filters", condition), condition
    old_form = "--instance-information-filter-list"
    assert set(instances(ssm, old_form, f"key=InstanceIds,valueSet={node.id}")) == {node.id}
    assert error_code(ssm, "describe-instance-information", "--filters", "Key=Colour,Values=red") == "InvalidFilterKey"


def test_node_pages(http, testbed, node):
    expected = {node.id} | {testbed.register_node(f"paged-{i}").id for i in range(6)}
    seen, token, pages = [], None, 0
    while True:
        body = {"MaxResults": 5, **({"NextToken": token} if token else {})}
        answer = http.ssm("DescribeInstanceInformation", body, testbed.admin).json()
        seen += [instance["InstanceId"] for instance in answer["InstanceInformationList"]]
        assert len(answer["InstanceInformationList"]) <= 5
        pages += 1
        token = answer.get("NextToken")
        if not token:
            break
    assert pages >= 2 and len(seen) == len(set(seen)) and expected <= set(seen)
    wrong = http.ssm("DescribeInstanceInformation", {"NextToken": "nonsense"}, testbed.admin)
    assert wrong.error_code == "InvalidNextToken"


def test_control_plane_trap_46_connection_status(ssm, testbed, node):
    assert ssm("get-connection-status", "--target", node.id) == {"Target": node.id, "Status": "connected"}
    unknown = "mi-00000000000000000"
    assert ssm("get-connection-status", "--target", unknown)["Status"] == "notconnected"


def test_control_plane_trap_46_connection_status_follows_the_agent(ssm, testbed):
    node = testbed.add_node(f"follows-{uuid.uuid4()}")
    node.stop()
    wait_until(
        lambda: ssm("get-connection-status", "--target", node.id)["Status"] == "notconnected", 10, "notconnected after stop"
    )
    assert instances(ssm)[node.id]["PingStatus"] == "Online", "it is about reports, and the last one is fresh"
    node.run()
    node.wait_connected()
    node.kill()
    node.wait_disconnected()


def test_deregistered_node_is_refused(ssm, testbed):
    node = testbed.add_node(f"leaves-{uuid.uuid4()}")
    ssm("deregister-managed-instance", "--instance-id", node.id)
    assert node.id not in instances(ssm)
    node.wait_disconnected()
    assert error_code(ssm, "start-session", "--target", node.id) in ("TargetNotConnected", "InvalidTarget")
    assert error_code(ssm, "deregister-managed-instance", "--instance-id", node.id) == "InvalidInstanceId"
    # An agent that still has its key asks in vain.
    node.stop()
    node.run()
    log = f"agent-{node.name}-{node.starts}"
    wait_until(lambda: "InvalidInstanceId" in testbed.log(log), 15, "the agent refused")
    assert not testbed.is_connected(node.id)
    node.stop()


# -- tags


def test_tags_are_added_listed_and_removed(ssm, node):
    resource = ("--resource-type", "ManagedInstance", "--resource-id", node.id)

    def tags():
        return {tag["Key"]: tag["Value"] for tag in ssm("list-tags-for-resource", *resource)["TagList"]}

    assert tags()["Environment"] == "Production", "from the activation"
    ssm("add-tags-to-resource", *resource, "--tags", "Key=Owner,Value=anna", "Key=Empty,Value=")
    assert tags() == {"Environment": "Production", "Owner": "anna", "Empty": ""}
    ssm("add-tags-to-resource", *resource, "--tags", "Key=Owner,Value=bert")
    assert tags()["Owner"] == "bert"
    assert node.id in instances(ssm, "--filters", "Key=tag:Owner,Values=bert")
    ssm("remove-tags-from-resource", *resource, "--tag-keys", "Owner", "Empty", "NeverThere")
    assert tags() == {"Environment": "Production"}


def test_tags_in_another_case_replace_each_other(ssm, node):
    resource = ("--resource-type", "ManagedInstance", "--resource-id", node.id)

    def tags():
        return {tag["Key"]: tag["Value"] for tag in ssm("list-tags-for-resource", *resource)["TagList"]}

    before = tags()
    ssm("add-tags-to-resource", *resource, "--tags", "Key=Stage,Value=test")
    ssm("add-tags-to-resource", *resource, "--tags", "Key=stage,Value=prod")
    assert tags() == before | {"stage": "prod"}
    ssm("remove-tags-from-resource", *resource, "--tag-keys", "stage")
    assert tags() == before


def test_tag_keys_that_cannot_be(http, testbed, node):
    resource = {"ResourceType": "ManagedInstance", "ResourceId": node.id}
    document = {"Name": "tagged", "DocumentType": "Session", "Content": '{"schemaVersion": "1.0", "sessionType": "Standard_Stream"}'}
    for operation, request, code in (
        ("AddTagsToResource", resource, "ValidationException"),
        ("CreateActivation", {"IamRole": "PosternNode"}, "InvalidParameters"),
        ("CreateDocument", document, "ValidationException"),
    ):
        for keys, text in ((["Env", "env"], "differ in more than case"), (["AWS:x"], "begin with aws:")):
            body = request | {"Tags": [{"Key": key, "Value": "v"} for key in keys]}
            answer = http.ssm(operation, body, testbed.admin)
            assert answer.error_code == code, answer.body
            assert text in str(answer.body)


def test_tags_of_what_is_not_there(ssm):
    unknown = ("--resource-type", "ManagedInstance", "--resource-id", "mi-00000000000000000")
    assert error_code(ssm, "list-tags-for-resource", *unknown) == "InvalidResourceId"
    assert error_code(ssm, "add-tags-to-resource", *unknown, "--tags", "Key=a,Value=b") == "InvalidResourceId"


def test_too_many_tags(http, testbed, node):
    tags = [{"Key": f"k{i}", "Value": "v"} for i in range(51)]
    body = {"ResourceType": "ManagedInstance", "ResourceId": node.id, "Tags": tags}
    assert http.ssm("AddTagsToResource", body, testbed.admin).error_code == "TooManyTagsError"


# -- our own command


def run_postern(testbed, *arguments):
    return subprocess.run(
        [testbed.program("postern"), *arguments],
        env=testbed.client_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_postern_lists_nodes(testbed, node):
    done = run_postern(testbed, "nodes")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if node.id in line]
    assert "web" in line


def test_postern_lists_sessions(testbed):
    done = run_postern(testbed, "sessions")
    assert done.returncode == 0, done.stderr


def test_postern_names_an_unknown_node(testbed):
    done = run_postern(testbed, "start-session", "no-such-node")
    assert done.returncode != 0
    assert "no-such-node" in done.stdout + done.stderr
