"""Session documents and preferences through the AWS CLI: what is kept, what is refused and why, and what StartSession makes of it."""

import hashlib
import json
import uuid

import pytest
from control_channel import open_control_channel
from node_identity import NodeIdentity
from sessions import describe
from support.agent_message import AgentMessage
from support.postern_testbed import DEBIAN_AWS, AwsError
from support.wait import wait_until

PREFERENCES = "SSM-SessionManagerRunShell"
BUILT_IN = {
    "AWS-StartInteractiveCommand",
    "AWS-StartNonInteractiveCommand",
    "AWS-StartPortForwardingSession",
    "AWS-StartPortForwardingSessionToRemoteHost",
    "AWS-StartPortForwardingSessionToSocket",
    "AWS-StartSSHSession",
    "Postern-CopyFiles",
    "Postern-StartCommand",
    "Postern-StartForwarding",
}
TAIL = {
    "schemaVersion": "1.0",
    "description": "tail a log",
    "sessionType": "InteractiveCommands",
    "inputs": {"idleSessionTimeout": "5", "maxSessionDuration": "90"},
    "parameters": {
        "file": {"type": "String", "allowedPattern": "^[a-z]+$", "description": "which"},
        "more": {"type": "StringList", "default": ["a", "b"]},
    },
    "properties": {"linux": {"commands": "tail {{ file }}", "runAsElevated": False}},
}
TAIL_YAML = """---
schemaVersion: '1.0'
description: tail a log
sessionType: InteractiveCommands
parameters:
  file:
    type: String
    allowedPattern: ^[a-z]+$
properties:
  linux:
    commands: "tail {{ file }}"
"""


@pytest.fixture
def ssm(testbed):
    """Calls an ssm operation; the CLI's own pager off."""

    def call(*arguments):
        return testbed.ssm(*arguments, aws=DEBIAN_AWS)

    return call


@pytest.fixture
def name():
    return f"doc-{uuid.uuid4()}"


def refusal(call, *arguments):
    with pytest.raises(AwsError) as raised:
        call(*arguments)
    return raised.value


def expect_refusal(code, text, call, *arguments):
    error = refusal(call, *arguments)
    assert error.code == code, error.text
    assert text in error.text


def create(ssm, name, content=TAIL, *arguments):
    text = content if isinstance(content, str) else json.dumps(content)
    return ssm("create-document", "--name", name, "--document-type", "Session", "--content", text, *arguments)[
        "DocumentDescription"
    ]


def update(ssm, name, content, *arguments):
    text = content if isinstance(content, str) else json.dumps(content)
    return ssm("update-document", "--name", name, "--content", text, "--document-version", "$LATEST", *arguments)[
        "DocumentDescription"
    ]


def changed(number):
    return TAIL | {"description": f"version {number}"}


# -- one document's life


def test_created_document_is_described_and_read_back(ssm, name):
    created = create(ssm, name, TAIL, "--version-name", "first", "--tags", "Key=Team,Value=red")
    assert created["Name"] == name
    assert created["Hash"] == hashlib.sha256(json.dumps(TAIL).encode()).hexdigest()
    assert created["HashType"] == "Sha256"
    assert created["Status"] == "Active"
    assert created["DocumentVersion"] == created["LatestVersion"] == created["DefaultVersion"] == "1"
    assert created["DocumentType"] == "Session"
    assert created["DocumentFormat"] == "JSON"
    assert created["SchemaVersion"] == "1.0"
    assert created["Description"] == "tail a log"
    assert created["PlatformTypes"] == ["Linux"]
    assert created["VersionName"] == "first"
    assert created["Tags"] == [{"Key": "Team", "Value": "red"}]
    assert created["Parameters"] == [
        {"Name": "file", "Type": "String", "Description": "which"},
        {"Name": "more", "Type": "StringList", "DefaultValue": '["a","b"]'},
    ]
    assert ssm("describe-document", "--name", name)["Document"] == created

    read = ssm("get-document", "--name", name)
    assert read["Content"] == json.dumps(TAIL)
    assert (read["DocumentVersion"], read["DocumentFormat"], read["DocumentType"]) == ("1", "JSON", "Session")
    as_yaml = ssm("get-document", "--name", name, "--document-format", "YAML")
    assert as_yaml["DocumentFormat"] == "YAML"
    assert 'commands: "tail {{ file }}"' in as_yaml["Content"]


def test_yaml_is_kept_as_it_is_and_converted(ssm, name):
    created = create(ssm, name, TAIL_YAML, "--document-format", "YAML")
    assert created["DocumentFormat"] == "YAML"
    assert ssm("get-document", "--name", name)["Content"] == TAIL_YAML.rstrip("\n") or TAIL_YAML
    as_json = json.loads(ssm("get-document", "--name", name, "--document-format", "JSON")["Content"])
    assert as_json["properties"] == {"linux": {"commands": "tail {{ file }}"}}
    assert as_json["schemaVersion"] == "1.0"


def test_versions_and_the_default(ssm, name):
    create(ssm, name, changed(1))
    second = update(ssm, name, changed(2), "--version-name", "second")
    assert (second["DocumentVersion"], second["LatestVersion"], second["DefaultVersion"]) == ("2", "2", "1")
    update(ssm, name, changed(3))

    def description(*arguments):
        return json.loads(ssm("get-document", "--name", name, *arguments)["Content"])["description"]

    assert description() == "version 1"
    assert description("--document-version", "$DEFAULT") == "version 1"
    assert description("--document-version", "$LATEST") == "version 3"
    assert description("--document-version", "2") == description("--version-name", "second") == "version 2"

    changed_default = ssm("update-document-default-version", "--name", name, "--document-version", "2")
    assert changed_default["Description"] == {"Name": name, "DefaultVersion": "2", "DefaultVersionName": "second"}
    assert description() == "version 2"

    listed = ssm("list-document-versions", "--name", name)["DocumentVersions"]
    assert [v["DocumentVersion"] for v in listed] == ["3", "2", "1"]
    assert [v["IsDefaultVersion"] for v in listed] == [False, True, False]
    assert listed[1]["VersionName"] == "second"
    paged = ssm("list-document-versions", "--name", name, "--page-size", "1")["DocumentVersions"]
    assert paged == listed

    expect_refusal("InvalidDocumentOperation", "is its default", ssm, "delete-document", "--name", name, "--document-version", "2")
    ssm("delete-document", "--name", name, "--document-version", "3")
    expect_refusal("InvalidDocumentVersion", "no version 3", ssm, "get-document", "--name", name, "--document-version", "3")
    # A number is never given twice.
    assert update(ssm, name, changed(4))["DocumentVersion"] == "4"

    ssm("delete-document", "--name", name)
    expect_refusal("InvalidDocument", "does not exist", ssm, "get-document", "--name", name)


def test_names_may_be_arns(testbed, ssm, name):
    create(ssm, name)
    account = testbed.aws("sts", "get-caller-identity", aws=DEBIAN_AWS)["Account"]
    arn = f"arn:aws:ssm:us-east-1:{account}:document/{name}"
    assert ssm("get-document", "--name", arn)["Name"] == name
    own = "arn:aws:ssm:us-east-1::document/AWS-StartSSHSession"
    assert ssm("get-document", "--name", own)["Name"] == "AWS-StartSSHSession"
    for wrong in (arn.replace("us-east-1", "eu-west-1"), arn.replace(account, "000000000000")):
        expect_refusal("InvalidDocument", "is not the ARN of a document of this account", ssm, "get-document", "--name", wrong)


def test_tags(ssm, name):
    create(ssm, name)
    resource = ("--resource-type", "Document", "--resource-id", name)
    ssm("add-tags-to-resource", *resource, "--tags", "Key=Team,Value=red", "Key=Env,Value=prod")
    ssm("remove-tags-from-resource", *resource, "--tag-keys", "Env")
    assert ssm("list-tags-for-resource", *resource)["TagList"] == [{"Key": "Team", "Value": "red"}]
    by_tag = ssm("list-documents", "--filters", "Key=tag:Team,Values=red", f"Key=Name,Values={name}")
    assert [d["Name"] for d in by_tag["DocumentIdentifiers"]] == [name]
    ssm("delete-document", "--name", name)
    for missing in (name, "AWS-StartSSHSession"):
        expect_refusal(
            "InvalidResourceId", missing, ssm, "list-tags-for-resource", "--resource-type", "Document", "--resource-id", missing
        )


# -- lists


def listed(ssm, *arguments):
    return {d["Name"]: d for d in ssm("list-documents", *arguments)["DocumentIdentifiers"]}


def test_lists_filters_and_pages(ssm, name):
    create(ssm, name)
    everything = listed(ssm)
    assert BUILT_IN | {PREFERENCES, name} <= set(everything)
    assert everything["AWS-StartSSHSession"]["Owner"] == "Amazon"
    assert everything["Postern-StartCommand"]["Owner"] == "Postern"
    assert everything[name]["PlatformTypes"] == ["Linux"]
    assert list(everything) == sorted(everything)
    assert listed(ssm, "--page-size", "3") == everything

    assert set(listed(ssm, "--document-filter-list", f"key=Name,value={name}")) == {name}
    assert name in listed(ssm, "--document-filter-list", "key=DocumentType,value=Session")
    assert not listed(ssm, "--filters", "Key=DocumentType,Values=Command")
    own = listed(ssm, "--filters", "Key=Owner,Values=Self")
    assert name in own and PREFERENCES in own and not BUILT_IN & set(own)
    assert set(listed(ssm, "--filters", "Key=Owner,Values=Amazon,Postern")) == BUILT_IN
    assert set(listed(ssm, "--filters", "Key=Name,Values=AWS-StartPort")) == {n for n in BUILT_IN if n.startswith("AWS-StartPort")}
    assert name not in listed(ssm, "--filters", "Key=PlatformTypes,Values=Windows")

    expect_refusal("InvalidFilterKey", "Use Name", ssm, "list-documents", "--filters", "Key=Colour,Values=red")
    expect_refusal("InvalidNextToken", "", ssm, "list-documents", "--no-paginate", "--next-token", "nonsense")


@pytest.mark.parametrize("built_in", sorted(BUILT_IN))
def test_built_in_documents_can_be_read_and_not_changed(ssm, built_in):
    content = ssm("get-document", "--name", built_in)["Content"]
    assert json.loads(content)["schemaVersion"] == "1.0"
    assert ssm("describe-document", "--name", built_in)["Document"]["DocumentVersion"] == "1"
    if built_in not in ("AWS-StartSSHSession", "Postern-CopyFiles"):
        return
    owner = "Amazon" if built_in.startswith("AWS") else "Postern"
    for arguments in (
        ("update-document", "--content", content, "--document-version", "$LATEST"),
        ("update-document-default-version", "--document-version", "1"),
        ("delete-document",),
    ):
        expect_refusal("InvalidDocumentOperation", f"belongs to {owner}", ssm, *arguments, "--name", built_in)


# -- what is refused


def with_(**members):
    return TAIL | members


@pytest.mark.parametrize(
    "content,code,text",
    [
        ("{", "InvalidDocumentContent", "not valid JSON: line 1"),
        (with_(schemaVersion="2.2"), "InvalidDocumentSchemaVersion", "schemaVersion: expected"),
        (with_(description="x" * 65536), "MaxDocumentSizeExceeded", "at most 65536"),
        (with_(sessionType="Shell"), "InvalidDocumentContent", "sessionType: expected Standard_Stream"),
        (with_(mainSteps=[]), "InvalidDocumentContent", "mainSteps: is not known"),
        (with_(inputs={"idleSessionTimeout": "61"}), "InvalidDocumentContent", "inputs.idleSessionTimeout: expected minutes, 1 to 60"),
        (with_(inputs={"recording": True}), "InvalidDocumentContent", "inputs.recording: is not a session preference"),
        (with_(parameters={}), "InvalidDocumentContent", "the placeholder {{ file }} names no parameter"),
        (
            with_(parameters={"file": {"type": "String", "allowedPattern": "(?=x)"}}),
            "InvalidDocumentContent",
            "parameters.file.allowedPattern: RE2, which also the agents use, can't compile it: invalid perl operator: (?=",
        ),
        (with_(properties={"linux": {"commands": "{{ file{{ file }} }}"}}), "InvalidDocumentContent", "inside another one"),
    ],
)  # fmt: skip
def test_content_that_is_refused(testbed, ssm, name, content, code, text):
    file = testbed.root / f"{name}.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    arguments = ("--name", name, "--content", f"file://{file}")
    expect_refusal(code, text, ssm, "create-document", "--document-type", "Session", *arguments)
    assert name not in listed(ssm)


def test_requests_that_are_refused(ssm, name):
    content = ("--content", json.dumps(TAIL))
    session = ("--document-type", "Session")
    expect_refusal("ValidationException", "DocumentType Session", ssm, "create-document", "--name", name, *content)
    expect_refusal(
        "ValidationException", "DocumentType Session", ssm, "create-document", "--name", name, *content, "--document-type", "Command"
    )
    expect_refusal(
        "InvalidDocumentContent", "TEXT", ssm, "create-document", "--name", name, *content, *session, "--document-format", "TEXT"
    )
    expect_refusal(
        "InvalidDocumentContent", "not valid YAML", ssm, "create-document", "--name", name, "--content", "a: {{ b }}",
        *session, "--document-format", "YAML",
    )  # fmt: skip
    for reserved in ("AWS-Mine", "aws-mine", "Amazon-Mine", "Postern-Mine"):
        expect_refusal("ValidationException", "must not begin with", ssm, "create-document", "--name", reserved, *content, *session)
    expect_refusal("ValidationException", "pattern", ssm, "create-document", "--name", "a/b", *content, *session)

    create(ssm, name, TAIL, "--version-name", "one")
    expect_refusal("DocumentAlreadyExists", name, ssm, "create-document", "--name", name, *content, *session)
    expect_refusal(
        "InvalidDocumentVersion", "$LATEST or 1", ssm, "update-document", "--name", name, "--content", json.dumps(changed(2))
    )
    latest = ("--document-version", "$LATEST")
    expect_refusal("DuplicateDocumentContent", "version 1", ssm, "update-document", "--name", name, *content, *latest)
    expect_refusal(
        "DuplicateDocumentVersionName", "one", ssm, "update-document", "--name", name, "--content", json.dumps(changed(2)),
        *latest, "--version-name", "one",
    )  # fmt: skip
    expect_refusal("InvalidDocumentContent", "not valid JSON", ssm, "update-document", "--name", name, "--content", "x", *latest)
    expect_refusal(
        "InvalidDocumentVersion", "no version 7", ssm, "update-document-default-version", "--name", name, "--document-version", "7"
    )
    expect_refusal("InvalidDocumentVersion", "no version two", ssm, "get-document", "--name", name, "--version-name", "two")

    for operation in (
        ("update-document", *content, *latest),
        ("update-document-default-version", "--document-version", "1"),
        ("describe-document",),
        ("list-document-versions",),
        ("delete-document",),
    ):
        expect_refusal("InvalidDocument", "no-such-document", ssm, *operation, "--name", "no-such-document")


# -- preferences


def preferences(**inputs):
    return {"schemaVersion": "1.0", "description": "ours", "sessionType": "Standard_Stream", "inputs": inputs}


def test_preferences_are_there_and_can_be_changed_in_both_ways(ssm):
    defaults = json.loads(ssm("get-document", "--name", PREFERENCES)["Content"])
    assert defaults["inputs"]["idleSessionTimeout"] == "20"
    expect_refusal("InvalidDocument", "defaults are in force", ssm, "delete-document", "--name", PREFERENCES)
    try:
        # As the console does it: the defaults are version 1.
        assert update(ssm, PREFERENCES, preferences(idleSessionTimeout="7"))["DocumentVersion"] == "2"
        ssm("update-document-default-version", "--name", PREFERENCES, "--document-version", "2")
        assert len(ssm("list-document-versions", "--name", PREFERENCES)["DocumentVersions"]) == 2
        ssm("delete-document", "--name", PREFERENCES)
        assert json.loads(ssm("get-document", "--name", PREFERENCES)["Content"]) == defaults
        # As Terraform does it.
        assert create(ssm, PREFERENCES, preferences(idleSessionTimeout="8"))["DocumentVersion"] == "1"
        port = TAIL | {"sessionType": "Port", "properties": {"portNumber": "22"}}
        expect_refusal(
            "InvalidDocumentContent", "expected Standard_Stream", ssm, "update-document", "--name", PREFERENCES,
            "--document-version", "$LATEST", "--content", json.dumps(port),
        )  # fmt: skip
    finally:
        ssm("delete-document", "--name", PREFERENCES)


# -- StartSession


@pytest.mark.parametrize(
    "document,parameters,code,text",
    [
        (PREFERENCES, {"x": ["y"]}, "InvalidParameters", "takes no parameters, but x was given"),
        ("AWS-StartSSHSession", {"port": ["22"]}, "InvalidParameters", "has no parameter port; it has portNumber"),
        ("AWS-StartSSHSession", {"portNumber": ["22; reboot"]}, "InvalidParameters", "parameter portNumber is refused: it does not match the allowedPattern ^("),
        ("AWS-StartSSHSession", {"portNumber": ["22", "23"]}, "InvalidParameters", "exactly one value, found 2"),
        ("AWS-StartInteractiveCommand", {}, "InvalidParameters", "The parameter command is required"),
        ("AWS-StartInteractiveCommand", {"command": ["{{ssm:x}}"]}, "InvalidParameters", "there is no Parameter Store"),
        ("AWS-StartPortForwardingSessionToRemoteHost", {"host": ["a`b`"]}, "InvalidParameters", "parameter host is refused"),
        ("AWS-StartPortForwardingSessionToRemoteHost", {"host": ["169.254.169.254"]}, "InvalidParameters", "Forwarding to 169.254.169.254 is denied"),
        ("AWS-StartPortForwardingSessionToRemoteHost", {"host": ["2852039166"]}, "InvalidParameters", "is denied"),
        ("AWS-StartPortForwardingSessionToSocket", {"socket": ["relative"]}, "InvalidParameters", "parameter socket is refused"),
        ("Postern-StartForwarding", {"destinations": ["[fd00:ec2::254]:80"]}, "InvalidParameters", "Forwarding to fd00:ec2::254 is denied"),
        ("Postern-CopyFiles", {"direction": ["up"], "path": ["/x"]}, "InvalidParameters", "one of: upload, download"),
        ("no-such-document", {}, "InvalidDocument", "no-such-document does not exist"),
    ],
)  # fmt: skip
def test_start_that_is_refused(testbed, node, ssm, document, parameters, code, text):
    expect_refusal(
        code, text, ssm, "start-session", "--target", node.id, "--document-name", document, "--parameters", json.dumps(parameters)
    )


@pytest.mark.parametrize("value", ["", "x" * 65536])
def test_start_with_a_value_that_no_client_sends(testbed, http, node, value):
    """The AWS CLI refuses these by itself."""
    body = {"Target": node.id, "DocumentName": "AWS-StartInteractiveCommand", "Parameters": {"command": [value]}}
    answer = http.ssm("StartSession", body, testbed.admin)
    assert (answer.status, answer.error_code) == (400, "ValidationException")
    assert b"must have a length of 1 to 65535" in answer.body and b"xxx" not in answer.body


def test_start_says_which_platform_is_missing(ssm, node, name):
    create(ssm, name, with_(properties={"windows": {"commands": "dir {{ file }}"}}))
    expect_refusal(
        "UnsupportedPlatformType", "no command for Linux", ssm, "start-session", "--target", node.id, "--document-name", name,
        "--parameters", "file=x",
    )  # fmt: skip


class Started:
    """What a node is told when a session is started on it."""

    def __init__(self, http, testbed, identity, channel):
        self._http, self._testbed, self._identity, self._channel = http, testbed, identity, channel

    def __call__(self, document=None, **parameters):
        body = {"Target": self._identity.id, "Parameters": parameters} | ({"DocumentName": document} if document else {})
        answer = self._http.ssm("StartSession", body, self._testbed.admin)
        assert answer.status == 200, answer.body
        identifier = answer.json()["SessionId"]
        while True:
            message = AgentMessage.decode(self._channel.receive())
            if message.message_type != "interactive_shell":
                continue
            content = json.loads(json.loads(message.payload)["Content"])
            if content["SessionId"] == identifier:
                return content


@pytest.fixture
def started(testbed, http):
    """Starts sessions on a node that only listens."""
    identity = NodeIdentity.register(testbed)
    with open_control_channel(http, testbed, identity, identity) as channel:
        wait_until(lambda: testbed.is_connected(identity.id), 10, "the node connected", 0.1)
        yield Started(http, testbed, identity, channel)


def test_node_is_sent_the_whole_document(ssm, testbed, started, name):
    shell = started()
    assert shell["DocumentName"] == PREFERENCES
    assert shell["Parameters"] == {} and shell["DocumentContent"]["parameters"] == {}
    assert shell["DocumentContent"]["sessionType"] == "Standard_Stream"
    inputs = shell["DocumentContent"]["inputs"]
    assert inputs["idleSessionTimeout"] == "20" and inputs["maxSessionDuration"] == ""
    # Traps 22 and 34 of the control plane: the types that official agents demand, and no encryption that nobody asked for.
    for flag in ("s3EncryptionEnabled", "cloudWatchEncryptionEnabled", "cloudWatchStreamingEnabled", "runAsEnabled"):
        assert inputs[flag] is False
    assert inputs["shellProfile"] == {"windows": "", "linux": ""}
    assert "MaxSessionDuration" not in describe(testbed, "Active")[shell["SessionId"]]

    remote = started("AWS-StartPortForwardingSessionToRemoteHost", host=["db.internal"], portNumber=["5432"])
    assert remote["DocumentContent"]["properties"] == {
        "host": "db.internal",
        "portNumber": "5432",
        "type": "LocalPortForwarding",
        "localPortNumber": "0",
    }
    forward = started("Postern-StartForwarding", destinations=["db:5432", "unix:/run/x"], listeners=["127.0.0.1:0"])
    assert forward["DocumentContent"]["properties"]["destinations"] == ["db:5432", "unix:/run/x"]
    assert forward["DocumentContent"]["properties"]["listeners"] == ["127.0.0.1:0"]
    command = "echo '{{ command }}' \"$(id)\" \\\\"
    run = started("Postern-StartCommand", command=[command])
    assert run["DocumentContent"]["properties"]["linux"] == {"commands": command, "separateOutputStream": True}

    create(ssm, name)
    own = started(name, file=["syslog"])
    assert own["DocumentContent"]["inputs"]["maxSessionDuration"] == "90"
    assert own["DocumentContent"]["properties"] == {"linux": {"commands": "tail syslog", "runAsElevated": False}}
    assert describe(testbed, "Active")[own["SessionId"]]["MaxSessionDuration"] == "90"


def test_start_uses_the_default_version(ssm, started, name):
    create(ssm, name, changed(1))
    update(ssm, name, changed(2))
    assert started(name, file=["x"])["DocumentContent"]["description"] == "version 1"
    ssm("update-document-default-version", "--name", name, "--document-version", "2")
    assert started(name, file=["x"])["DocumentContent"]["description"] == "version 2"


def test_preferences_apply_to_documents_without_inputs(ssm, started):
    wanted = preferences(idleSessionTimeout="7", kmsKeyId="alias/k", runAsEnabled="true", runAsDefaultUser="ops")
    create(ssm, PREFERENCES, wanted)
    try:
        content = started("AWS-StartSSHSession")
        inputs = content["DocumentContent"]["inputs"]
        assert inputs["idleSessionTimeout"] == "7"
        assert inputs["kmsKeyId"] == "alias/k"
        assert inputs["runAsEnabled"] is True and inputs["runAsDefaultUser"] == "ops"
    finally:
        ssm("delete-document", "--name", PREFERENCES)


def test_control_plane_trap_47_a_duration_that_the_model_has_not_is_left_out(testbed, ssm, started, name):
    """Its pattern lacks some numbers, and strict clients would refuse the whole answer."""
    for minutes, shown in ("1050", None), ("1039", "1039"):
        document = f"{name}-{minutes}"
        create(ssm, document, changed(1) | {"inputs": {"maxSessionDuration": minutes}})
        content = started(document, file=["x"])
        assert content["DocumentContent"]["inputs"]["maxSessionDuration"] == minutes
        assert describe(testbed, "Active")[content["SessionId"]].get("MaxSessionDuration") == shown
