"""Debian's AWS CLI in this process: its own parsing of arguments, its paging and what it prints, as `aws` does them.

A process of its own for each call takes half a second of CPU, nearly all of it for starting Python and loading the CLI.
"""

import collections
import contextlib
import io
import os
from unittest import mock

from awscli.clidriver import create_clidriver

from .postern_testbed import PROFILE, aws_result

# Where the CLI keeps its own data; it put that into the environment when it was imported.
DATA_PATH = os.environ["AWS_DATA_PATH"]


class AwsCli:
    """Calls it as a function: the same arguments and the same result as Testbed.aws().

    `answered` counts the requests that the service has answered without an error, by (service, operation).
    """

    def __init__(self, testbed):
        self._testbed = testbed
        self.answered = collections.Counter()
        self._loader = None

    def __call__(self, *arguments, profile=PROFILE):
        command = self._testbed.aws_command(*arguments)[1:]
        environment = self._testbed.client_environment(profile) | {"AWS_DATA_PATH": DATA_PATH}
        output, errors = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(errors),
        ):
            status = self._driver().main(command)
        return aws_result(status, output.getvalue(), errors.getvalue())

    def _driver(self):
        """A new one for each command, as in a new process; but what it reads of its models serves all: that is most of the work."""
        driver = create_clidriver()
        self._loader = self._loader or driver.session.get_component("data_loader")
        driver.session.register_component("data_loader", self._loader)
        driver.session.register("after-call", self._count)
        return driver

    def _count(self, http_response, model, **_):
        if http_response.status_code < 300:
            self.answered[model.service_model.service_name, model.name] += 1
