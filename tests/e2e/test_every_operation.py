"""Nothing is allowed to a user without a policy: every operation of AWS's models that is there is tried."""

import uuid

import pytest

from identities import make_user
from support.aws_clients import ClientError, error_code

# Which need no permission: their proof is another one, or there is nothing to protect.
WITHOUT_PERMISSION = {
    ("sts", "GetCallerIdentity"),
    ("sts", "GetSessionToken"),
    ("sts", "AssumeRoleWithWebIdentity"),
    ("sts", "AssumeRoleWithSAML"),
    ("ssm", "RegisterManagedInstance"),
}

POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'

# Values of members that are checked before anybody is asked whether he may.
VALUES = {
    "ActivationId": str(uuid.uuid4()),
    "AssumeRolePolicyDocument": TRUST,
    "AuthenticationCode1": "123456",
    "AuthenticationCode2": "123456",
    "Content": POLICY,
    "DocumentVersion": "1",
    "Filter": "SERVICE_CONTROL_POLICY",
    "InstanceId": "mi-" + "0" * 17,
    "NewPublicKeyType": "Rsa",
    "PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "PolicyArn": "arn:aws:iam::123456789012:policy/nobody-has-it",
    "PolicyDocument": POLICY,
    "PolicyId": "p-nosuchpolicy",
    "PolicySourceArn": "arn:aws:iam::123456789012:user/nobody",
    "ResourceType": "ManagedInstance",
    "RoleArn": "arn:aws:iam::123456789012:role/nobody-has-it",
    "State": "Active",
    "Target": "mi-" + "0" * 17,
    "Type": "SERVICE_CONTROL_POLICY",
    "Url": "https://nobody.example",
    "VersionId": "v1",
}


def value_of(name, shape):
    """The least that the model takes."""
    if name in VALUES and shape.type_name == "string":
        return VALUES[name]
    if shape.type_name == "structure":
        return {member: value_of(member, shape.members[member]) for member in shape.required_members}
    if shape.type_name == "list":
        return [value_of(name, shape.member)]
    if shape.type_name == "map":
        return {}
    if shape.type_name in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    if shape.type_name == "boolean":
        return False
    if shape.type_name == "timestamp":
        return "2026-01-01T00:00:00Z"
    if shape.enum:
        return shape.enum[0]
    return "a" * max(3, shape.metadata.get("min", 1))


def outcome(client, operation):
    """The error's code; empty when it succeeded."""
    model = client.meta.service_model.operation_model(operation)
    shape = model.input_shape
    parameters = {} if shape is None else value_of("", shape)
    method = next(python for python, name in client.meta.method_to_api_mapping.items() if name == operation)
    try:
        getattr(client, method)(**parameters)
    except ClientError as failure:
        return error_code(failure)
    return ""


def outcomes(client):
    """What came of each operation of the model that the service has."""
    tried = {operation: outcome(client, operation) for operation in client.meta.service_model.operation_names}
    # In the Query protocol the code is InvalidAction.
    return {operation: code for operation, code in tried.items() if not code.startswith(("UnknownOperation", "InvalidAction"))}


@pytest.mark.parametrize("service", ["ssm", "iam", "sts", "organizations"])
def test_denied_without_a_policy(testbed, service):
    there = outcomes(make_user(testbed, f"nobody-{service}").client(service))
    wrong = {
        operation: code or "succeeded"
        for operation, code in there.items()
        if (service, operation) not in WITHOUT_PERMISSION and code not in ("AccessDenied", "AccessDeniedException")
    }
    assert there
    assert wrong == {}
