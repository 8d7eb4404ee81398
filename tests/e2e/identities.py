"""Users, groups and policies for tests, made through IAM's API."""

import json
from dataclasses import dataclass

import pytest
from support.aws_clients import ClientError, client, error_code, error_message
from support.postern_testbed import Credentials


def statement(effect="Allow", action="*", resource="*", **condition):
    return {"Effect": effect, "Action": action, "Resource": resource, **({"Condition": condition} if condition else {})}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


LIST = policy(statement(action="ssm:ListDocuments"))
TRUST = policy({"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"})
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def refused(call, code, text="", **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    assert error_code(raised.value) == code, raised.value
    assert text in error_message(raised.value), raised.value


@dataclass
class User:
    """A user with an access key and a profile of his name."""

    name: str
    arn: str
    id: str
    credentials: Credentials
    testbed: object

    def client(self, service="ssm"):
        return client(self.testbed, service, self.credentials)

    def put(self, *statements, name="p"):
        """Gives the user exactly these statements, as an inline policy."""
        iam(self.testbed).put_user_policy(UserName=self.name, PolicyName=name, PolicyDocument=policy(*statements))

    def take(self, name="p"):
        iam(self.testbed).delete_user_policy(UserName=self.name, PolicyName=name)


def iam(testbed):
    return client(testbed, "iam", testbed.admin)


def make_user(testbed, name, *statements):
    api = iam(testbed)
    made = api.create_user(UserName=name)["User"]
    key = api.create_access_key(UserName=name)["AccessKey"]
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    testbed.write_profile(name, credentials)
    user = User(name, made["Arn"], made["UserId"], credentials, testbed)
    if statements:
        user.put(*statements)
    return user
