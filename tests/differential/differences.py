"""The kinds of cases that @cloud-copilot/iam-simulate is known to decide otherwise; docs/iam-differences.md says which
documented behaviour of AWS decides each. `kinds(case)` names those that a case has.
"""

import re

from generate import QUIRKY_RANGES, WRONG, statements_of


def policies(case):
    resource = case["resources"]
    found = list(case["identity"])
    found += [policy for level in case.get("scp", []) for policy in level]
    found += [case[name] for name in ("boundary", "session") if name in case]
    return found + [resource[name] for name in ("policy", "trust") if name in resource]


def as_list(value):
    return value if isinstance(value, list) else [value]


def conditions(policy):
    for statement in statements_of(policy):
        for operator, block in statement.get("Condition", {}).items():
            for key, values in block.items():
                yield operator, key, as_list(values)


def resources(policy):
    for statement in statements_of(policy):
        yield from as_list(statement.get("Resource", []))
        yield from as_list(statement.get("NotResource", []))


def kinds(case):
    found = set()
    empty = {key.lower() for key, value in case["context"].items() if value == "" or isinstance(value, list)}
    for policy in policies(case):
        texts = list(resources(policy))
        for operator, key, values in conditions(policy):
            texts += values
            if operator.startswith("ForAnyValue:") and operator.endswith("IfExists"):
                found.add("ForAnyValue with IfExists")
            if "IpAddress" in operator and any(value in QUIRKY_RANGES for value in values):
                found.add("IPv4 ranges")
            if operator.startswith("ForA") and empty & {key.lower()}:
                found.add("empty values")
            request = [text for each, text in case["context"].items() if each.lower() == key.lower()]
            if set(WRONG) & set(values + [text for each in request for text in as_list(text_list(each))]):
                found.add("unreadable values")
            if "Not" in operator and any("${" in value for value in values):
                found.add("variables under negated operators")
            if "Arn" in operator and any(value.count(":") != 5 or value.endswith("*") for value in values):
                found.add("ARN patterns without six components")
        if policy["Version"] == "2008-10-17" and any("${" in text for text in texts):
            found.add("variables of Version 2008-10-17")
        if any(name.lower() in empty for text in texts for name in re.findall(r"\$\{([^,}]*)", text)):
            found.add("empty values")
        if any(wildcard_in_type(text) for text in resources(policy)):
            found.add("wildcards across an ARN's components")
        if any("${$}" in text or "${*}" in text or "${?}" in text for text in texts):
            found.add("${$}, ${*} and ${?}")
    if case["principal"]["type"] == "role" and {"policy", "trust"} & set(case["resources"]) and {"boundary", "session"} & set(case):
        found.add("limits of a role that its resource allows")
    return found


def text_list(value):
    return value if isinstance(value, list) else [value]


def wildcard_in_type(arn):
    if arn == "*":
        return False
    *head, resource = arn.split(":", 5)
    kind = re.split("[/:]", resource)[0]
    return len(head) != 5 or any("*" in part or "?" in part for part in [*head, kind])
