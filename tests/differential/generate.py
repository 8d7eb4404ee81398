"""Policies and requests for the differential test: seeded, and the more complex the later.

Alone, `generate.py SEED COUNT [quirks]` writes cases as src/iam/testing/case.h reads them, one JSON object a line.
"""

import json
import random
import sys

ACCOUNT = "123456789012"
OTHER = "210987654321"
USERS = ["ana", "bo", "ana-maria"]
REGIONS = ["us-east-1", "eu-west-1"]
ACTIONS = [
    "ssm:StartSession",
    "ssm:TerminateSession",
    "ssm:ResumeSession",
    "ssm:DescribeSessions",
    "ssm:SendCommand",
    "ssm:GetDocument",
    "ec2:DescribeInstances",
    "iam:GetUser",
]
TYPED_KEYS = {
    "String": ["aws:username", "aws:PrincipalTag/team", "aws:RequestTag/team", "ssm:resourceTag/Environment", "aws:userid"],
    "Numeric": ["aws:MultiFactorAuthAge", "postern:PortNumber"],
    "Date": ["aws:CurrentTime", "aws:TokenIssueTime"],
    "Bool": ["aws:SecureTransport", "aws:MultiFactorAuthPresent", "ssm:SessionDocumentAccessCheck"],
    "IpAddress": ["aws:SourceIp"],
    "Arn": ["aws:PrincipalArn", "aws:SourceArn"],
    "Set": ["aws:TagKeys"],
}
WORDS = ["ana", "bo", "Production", "Staging", "team-a", "a*b", "Ana", "", "a?c", "x y", "é", "$", "a.b+c"]
NUMBERS = ["0", "1", "22", "443", "5432", "-1", "3600", "22.0", "22.5", "007"]
DATES = ["2024-01-01T00:00:00Z", "2024-06-30T12:00:00Z", "2026-01-01T00:00:00Z", "2024-01-01T01:00:00Z"]
ADDRESSES = ["203.0.113.7", "10.0.0.1", "198.51.100.200", "2001:db8::1", "2001:db8:1::5"]
RANGES = ["203.0.113.0/24", "10.0.0.0/8", "128.0.0.0/1", "198.51.100.200/32", "2001:db8::/32", "2001:db8::/48", "::/0"]
BOOLEANS = ["true", "false"]
# Where the other evaluator errs (docs/iam-differences.md).
QUIRKY_RANGES = ["0.0.0.0/0", "198.51.100.200"]
# What else could stand there; rare.
WRONG = ["", "abc", "1e3", "10.0.0.0/33", "maybe", "2024-13-01"]


class Generator:
    """With `quirks`, cases also have what is known to be decided differently (docs/iam-differences.md)."""

    def __init__(self, seed, quirks):
        self.random = random.Random(seed)
        self.quirks = quirks
        self.version = "2012-10-17"
        self.level = 0.0
        self.any_resource = False

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, values):
        return self.random.choice(values)

    def some(self, make, most):
        return [make() for _ in range(self.random.randint(1, max(1, round(most * self.level) or 1)))]

    def one_or_list(self, make, most=3):
        values = self.some(make, most)
        return values[0] if len(values) == 1 and self.chance(0.7) else values

    # Text

    def wild(self, text):
        """`text` with some of it made into wildcards."""
        if not text or not self.chance(0.3 + 0.4 * self.level):
            return text
        for _ in range(self.random.randint(1, 1 + round(3 * self.level))):
            begin = self.random.randint(0, len(text))
            end = min(len(text), begin + self.random.randint(0, 6))
            text = text[:begin] + self.pick("**?") + text[end:]
        return text

    def wild_arn(self, arn):
        """As wild(); without quirks, components stay components and a resource's type stays what it is."""
        if self.quirks:
            return self.wild(arn)
        *head, resource = arn.split(":", 5)
        kind = resource[: max(resource.find("/"), resource.find(":")) + 1]
        return ":".join([*head[:3], self.wild(head[3]), self.wild(head[4]), kind + self.wild(resource[len(kind) :])])

    def variable(self):
        key = self.pick(TYPED_KEYS["String"] + ["aws:absent", "AWS:USERNAME"])
        return self.pick(["${%s}" % key, "${%s}" % key, "${%s, 'ana'}" % key, "${*}", "${?}", "${$}"])

    def with_variables(self, text, negated=False):
        if not self.chance(0.25 * self.level):
            return text
        if not self.quirks and (negated or self.version == "2008-10-17"):
            return text
        at = self.random.randint(0, len(text))
        return text[:at] + self.variable() + text[at:]

    # Requests

    def resource_arn(self):
        region = self.pick(REGIONS)
        user = self.pick(USERS)
        return self.pick(
            [
                f"arn:aws:ssm:{region}:{ACCOUNT}:session/{user}-0123456789abcdef0",
                f"arn:aws:ssm:{region}:{ACCOUNT}:session/{user}",
                f"arn:aws:ec2:{region}:{ACCOUNT}:instance/i-0123456789abcdef0",
                f"arn:aws:ssm:{region}:{ACCOUNT}:managed-instance/mi-0123456789abcdef0",
                f"arn:aws:ssm:{region}::document/AWS-StartPortForwardingSession",
                f"arn:aws:ssm:{region}:{ACCOUNT}:document/team:{user}",
            ]
        )

    def principal(self):
        user = self.pick(USERS)
        if self.chance(0.6):
            return {"type": "user", "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}", "account": ACCOUNT}, user
        role = f"arn:aws:iam::{ACCOUNT}:role/Operators"
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Operators/{user}"
        return {"type": "role", "arn": session, "roleArn": role, "account": ACCOUNT}, user

    def value_of(self, kind):
        if self.quirks and kind != "String" and self.chance(0.04 * self.level):
            return self.pick(WRONG)
        return {
            # An empty value is none to the other evaluator.
            "String": lambda: self.pick(WORDS) or ("" if self.quirks else "ana"),
            "Numeric": lambda: self.pick(NUMBERS),
            "Date": lambda: self.pick(DATES),
            "Bool": lambda: self.pick(BOOLEANS),
            "IpAddress": lambda: self.pick(ADDRESSES),
            "Arn": lambda: self.pick([self.resource_arn(), f"arn:aws:iam::{ACCOUNT}:user/{self.pick(USERS)}"]),
            "Set": lambda: self.pick(WORDS),
        }[kind]()

    def context(self, user, principal):
        context = {}
        for kind, keys in TYPED_KEYS.items():
            for key in keys:
                if not self.chance(0.75):
                    continue
                if kind == "Set":
                    context[key] = [self.pick(WORDS) for _ in range(self.random.randint(1, 3))]
                else:
                    context[key] = self.value_of(kind)
        if principal["type"] == "user":
            context["aws:username"] = user
        else:
            context.pop("aws:username", None)
        return context

    # Policies

    def condition_value(self, kind, name):
        like = "Like" in name
        negated = "Not" in name
        if kind in ("String", "Set"):
            text = self.pick(WORDS)
            return self.with_variables(self.wild(text) if like else text, negated)
        if kind == "IpAddress":
            return self.pick(RANGES + QUIRKY_RANGES + WRONG) if self.quirks and self.chance(0.3) else self.pick(RANGES)
        if kind == "Arn":
            arn = self.value_of(kind)
            return self.with_variables(self.wild_arn(arn) if arn.count(":") >= 5 else arn, negated)
        return self.value_of(kind)

    def operator(self, kind):
        base = {
            "String": ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"],
            "Numeric": ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"],
            "Date": ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"],
            "Bool": ["Bool"],
            "IpAddress": ["IpAddress", "NotIpAddress"],
            "Arn": ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
        }
        name = self.pick(base["String" if kind == "Set" else kind])
        if kind == "Set" or self.chance(0.05 * self.level):
            name = self.pick(["ForAllValues:", "ForAnyValue:"]) + name
        if self.chance(0.15) and (self.quirks or not name.startswith("ForAnyValue:")):
            name += "IfExists"
        return name

    def condition(self):
        condition = {}
        for _ in range(self.random.randint(1, 1 + round(2 * self.level))):
            kind = self.pick(list(TYPED_KEYS))
            key = self.pick(TYPED_KEYS[kind])
            if self.chance(0.1):
                key = self.pick([key.lower(), key.upper()])
            if self.chance(0.12):
                name = "Null"
            else:
                name = self.operator(kind)
            block = condition.setdefault(name, {})
            if key.lower() not in (each.lower() for each in block):
                block[key] = self.pick(BOOLEANS) if name == "Null" else self.one_or_list(lambda: self.condition_value(kind, name))
        return condition

    def action(self):
        if self.chance(0.1):
            return "*"
        service, name = self.pick(ACTIONS).split(":")
        text = f"{service}:{self.wild(name)}"
        return self.pick([text, text, text.lower(), text.upper()])

    def resource(self):
        if self.any_resource or self.chance(0.3):
            return "*"
        arn = self.wild_arn(self.resource_arn())
        if self.quirks or not arn.endswith(":"):
            head, separator, tail = arn.rpartition("/")
            arn = head + separator + self.with_variables(tail)
        return arn if arn.startswith("arn:") and arn.count(":") >= 5 else "*"

    def statement(self, principal=None):
        statement = {"Effect": "Allow" if self.chance(0.7) else "Deny"}
        statement["NotAction" if self.chance(0.08) else "Action"] = self.one_or_list(self.action, 4)
        if principal != "trust":
            statement["NotResource" if self.chance(0.08) else "Resource"] = self.one_or_list(self.resource, 4)
        if principal is not None:
            statement["Principal"] = self.principal_element()
        if self.chance(0.2 + 0.6 * self.level):
            statement["Condition"] = self.condition()
        return statement

    def principal_element(self):
        if self.chance(0.2):
            return self.pick(["*", {"AWS": "*"}])
        def name():
            user = self.pick(USERS)
            return self.pick(
                [
                    ACCOUNT,
                    OTHER,
                    f"arn:aws:iam::{ACCOUNT}:root",
                    f"arn:aws:iam::{ACCOUNT}:user/{user}",
                    f"arn:aws:iam::{ACCOUNT}:role/Operators",
                    f"arn:aws:sts::{ACCOUNT}:assumed-role/Operators/{user}",
                ]
            )
        element = {"AWS": self.one_or_list(name)}
        if self.chance(0.1):
            element["Service"] = "ssm.amazonaws.com"
        return element

    def policy(self, principal=None):
        self.version = "2012-10-17" if self.chance(0.9) else "2008-10-17"
        policy = {"Version": self.version}
        statements = self.some(lambda: self.statement(principal), 5)
        policy["Statement"] = statements[0] if len(statements) == 1 and self.chance(0.3) else statements
        return policy

    def case(self, level):
        self.level = level
        principal, user = self.principal()
        arn = "*" if self.chance(0.1) else self.resource_arn()
        # The other evaluator takes a request for "*" to be one for any resource (docs/iam-differences.md).
        self.any_resource = arn == "*"
        resource = {"arn": arn}
        case = {"principal": principal, "action": self.pick(ACTIONS), "resources": resource, "context": self.context(user, principal)}
        case["identity"] = self.some(self.policy, 3) if self.chance(0.9) else []
        if self.chance(0.15):
            case["scp"] = [self.some(self.policy, 2) for _ in range(self.random.randint(1, 2))]
        if arn != "*" and self.chance(0.2):
            resource["policy"] = self.policy("resource")
            resource["account"] = ACCOUNT if self.chance(0.7) else OTHER
        elif self.chance(0.1):
            resource["arn"] = f"arn:aws:iam::{ACCOUNT}:role/Target"
            resource["account"] = ACCOUNT
            case["action"] = "sts:AssumeRole"
            resource["trust"] = self.policy("trust")
            for statement in statements_of(resource["trust"]) + [s for p in case["identity"] for s in statements_of(p)]:
                if self.chance(0.7) and "Action" in statement:
                    statement["Action"] = self.pick(["sts:AssumeRole", "sts:*", "*"])
        # Where a role is allowed by its resource, the other evaluator has views of its own on what limits it.
        if self.quirks or principal["type"] == "user" or not {"policy", "trust"} & set(resource):
            if self.chance(0.15):
                case["boundary"] = self.policy()
            if principal["type"] == "role" and self.chance(0.2):
                case["session"] = self.policy()
        return case


def statements_of(policy):
    statements = policy["Statement"]
    return statements if isinstance(statements, list) else [statements]


def cases(seed, count, quirks):
    """`count` cases; the same ones for the same arguments."""
    generator = Generator(seed, quirks)
    for index in range(count):
        yield generator.case((index + 1) / count)


if __name__ == "__main__":
    for each in cases(int(sys.argv[1]), int(sys.argv[2]), len(sys.argv) > 3):
        print(json.dumps(each))
