"""The AWS SDK's clients, in this process: the CLI brings botocore with it, models and parsers included."""

import awscli.botocore.config
import awscli.botocore.session
from botocore.exceptions import ClientError  # noqa: F401  the same module under the name that it imports itself by

REGION = "us-east-1"


def client(testbed, service, credentials):
    """A client of `service` with these credentials; errors are its ClientError."""
    session = awscli.botocore.session.Session()
    session.set_config_variable("config_file", "/dev/null")
    return session.create_client(
        service,
        region_name=REGION,
        endpoint_url=testbed.endpoint,
        verify=str(testbed.ca_bundle),
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token or None,
        config=awscli.botocore.config.Config(retries={"max_attempts": 1}),
    )


def error_code(failure):
    return failure.response["Error"]["Code"]


def error_message(failure):
    return failure.response["Error"]["Message"]
