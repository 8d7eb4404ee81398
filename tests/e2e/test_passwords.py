"""Login profiles, changing one's password, and the account's password policy."""

import collections
import concurrent.futures
import itertools

import pytest
from identities import iam, make_user, statement
from support.aws_clients import ClientError, error_code, error_message
from support.postern_testbed import AwsError

numbers = itertools.count(1)
GOOD, BETTER = "Passw0rd", "correct-Horse-1"


@pytest.fixture
def name():
    return f"password-{next(numbers)}"


def refused(call, code, text="", **arguments):
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    assert error_code(raised.value) == code, raised.value
    assert text in error_message(raised.value), raised.value
    return error_message(raised.value)


def test_a_login_profiles_life_by_cli(testbed, name, aws_cli):
    def call(*arguments):
        return testbed.aws("iam", *arguments, "--user-name", name, aws=aws_cli)

    def code(*arguments):
        with pytest.raises(AwsError) as raised:
            call(*arguments)
        return raised.value.code

    make_user(testbed, name)
    assert code("get-login-profile") == "NoSuchEntity"
    made = call("create-login-profile", "--password", GOOD, "--password-reset-required")["LoginProfile"]
    assert made["UserName"] == name and made["PasswordResetRequired"] is True
    assert code("create-login-profile", "--password", GOOD) == "EntityAlreadyExists"
    call("update-login-profile", "--password", BETTER, "--no-password-reset-required")
    assert call("get-login-profile")["LoginProfile"]["PasswordResetRequired"] is False
    assert code("delete-user") == "DeleteConflict"
    call("delete-login-profile")
    assert code("delete-login-profile") == "NoSuchEntity"
    assert code("update-login-profile", "--password", GOOD) == "NoSuchEntity"


def test_users_change_their_own_password(testbed, name):
    user = make_user(testbed, name, statement(action="iam:ChangePassword", resource="arn:aws:iam::*:user/${aws:username}"))
    own = user.client("iam")
    refused(own.change_password, "AccessDenied", "incorrect", OldPassword=GOOD, NewPassword=BETTER)
    iam(testbed).create_login_profile(UserName=name, Password=GOOD, PasswordResetRequired=True)
    refused(own.change_password, "AccessDenied", "incorrect", OldPassword=BETTER, NewPassword=BETTER)
    own.change_password(OldPassword=GOOD, NewPassword=BETTER)
    assert iam(testbed).get_login_profile(UserName=name)["LoginProfile"]["PasswordResetRequired"] is False
    refused(own.change_password, "AccessDenied", "incorrect", OldPassword=GOOD, NewPassword=GOOD)


def test_guessing_a_password_is_slowed_down(testbed, name):
    user = make_user(testbed, name, statement(action="iam:ChangePassword"))
    iam(testbed).create_login_profile(UserName=name, Password=GOOD)
    own = user.client("iam")
    for i in range(10):
        refused(own.change_password, "AccessDenied", "incorrect", OldPassword=f"guess-{i}", NewPassword=BETTER)
    refused(own.change_password, "Throttling", "Too many wrong passwords", OldPassword=GOOD, NewPassword=BETTER)


def test_guessing_at_the_same_time_gains_nothing(testbed, name):
    user = make_user(testbed, name, statement(action="iam:ChangePassword"))
    iam(testbed).create_login_profile(UserName=name, Password=GOOD)
    own = user.client("iam")

    def guess(i):
        with pytest.raises(ClientError) as raised:
            own.change_password(OldPassword=f"guess-{i}", NewPassword=BETTER)
        return error_code(raised.value)

    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        assert collections.Counter(pool.map(guess, range(30))) == {"AccessDenied": 10, "Throttling": 20}


def test_the_accounts_password_policy(testbed, name):
    api = iam(testbed)
    make_user(testbed, name)
    refused(api.get_account_password_policy, "NoSuchEntity")
    refused(api.create_login_profile, "PasswordPolicyViolation", "minimum length of 8", UserName=name, Password="Sh0rt!")
    api.update_account_password_policy(MinimumPasswordLength=12, RequireSymbols=True)
    found = api.get_account_password_policy()["PasswordPolicy"]
    assert (found["MinimumPasswordLength"], found["RequireSymbols"], found["ExpirePasswords"]) == (12, True, False)
    said = refused(api.create_login_profile, "PasswordPolicyViolation", "minimum length of 12", UserName=name, Password="hunter2")
    assert "hunter2" not in said
    refused(api.create_login_profile, "PasswordPolicyViolation", "symbols", UserName=name, Password="longenoughnow")
    refused(api.update_account_password_policy, "InvalidInput", "expire", MaxPasswordAge=90)
    api.create_login_profile(UserName=name, Password="long-enough-now")
    api.delete_account_password_policy()
    refused(api.delete_account_password_policy, "NoSuchEntity")


def test_passwords_reach_no_log(testbed, name):
    make_user(testbed, name)
    secret = "Never-Logged-7"
    iam(testbed).create_login_profile(UserName=name, Password=secret)
    assert secret not in testbed.logs()
