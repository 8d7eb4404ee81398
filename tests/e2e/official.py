"""AWS's own programs, which are brought from outside.

POSTERN_OFFICIAL_DIR names a directory with session-manager-plugin, amazon-ssm-agent and the agent's workers. The agent needs root,
for a mount namespace in which it finds the places compiled into it.
"""

import os

DIRECTORY = os.environ.get("POSTERN_OFFICIAL_DIR")


def official_environment(testbed):
    """A client's, in which the AWS CLI finds AWS's plugin."""
    environment = testbed.client_environment()
    # First in PATH; it trusts what Go trusts.
    environment["PATH"] = f"{DIRECTORY}:{environment['PATH']}"
    environment["SSL_CERT_FILE"] = str(testbed.ca_bundle)
    return environment
