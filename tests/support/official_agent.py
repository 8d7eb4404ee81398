"""An amazon-ssm-agent as AWS publishes it, run against a testbed. The programs are brought from outside."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import processes
from .wait import wait_until

PROGRAMS = ("amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker", "ssm-document-worker")
# The agent's own places are compiled in, and it adds a user for its sessions. It sees changes of its own only.
PRIVATE_DIRECTORIES = ("/etc", "/home", "/var")
CONNECT_SECONDS = 60


class OfficialAgent:
    """Registered, running and connected when the constructor returns. Needs root, for a mount namespace; Linux only.

    `endpoint` is where it finds the service, when that isn't the service itself but a proxy.
    """

    def __init__(self, testbed, directory, name="official-agent", endpoint=None):
        self._testbed = testbed
        self._endpoint = endpoint or testbed.endpoint
        self._root = testbed.root / name
        self._install(Path(directory))
        activation = testbed.create_activation()
        registered = subprocess.run(
            self._command(
                "-register",
                *("-id", activation["ActivationId"]),
                *("-code", activation["ActivationCode"]),
                *("-region", "us-east-1"),
                "-y",
            ),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        node_id = re.search(r"\bmi-[0-9a-f]{17}\b", registered.stdout + registered.stderr)
        if registered.returncode != 0 or not node_id:
            raise RuntimeError(f"amazon-ssm-agent -register:\n{registered.stdout}{registered.stderr}")
        self.id = node_id[0]
        self.process = testbed.spawn(name, self._command(), env=self._environment())
        wait_until(lambda: testbed.is_connected(self.id), CONNECT_SECONDS, "the official agent connected", 0.2)

    def _install(self, directory):
        """A relocated install: beside its programs the agent finds its configuration, which names loopback throughout."""
        programs = self._root / "bin"
        (programs / "configuration").mkdir(parents=True)
        for name in PROGRAMS:
            shutil.copy(directory / name, programs / name)
            os.chmod(programs / name, 0o755)
        endpoint = self._endpoint
        configuration = {
            "Agent": {"Region": "us-east-1", "TelemetryMetricsToSSM": False},
            "Identity": {"ConsumptionOrder": ["OnPrem"]},
            "Ssm": {"Endpoint": endpoint},
            "Mds": {"Endpoint": endpoint},
            "Mgs": {"Region": "us-east-1", "Endpoint": endpoint},
            "S3": {"Endpoint": endpoint, "Region": "us-east-1"},
            "Kms": {"Endpoint": endpoint},
        }
        (programs / "configuration/amazon-ssm-agent.json").write_text(json.dumps(configuration, indent=1))
        (self._root / "home").mkdir()
        for place in PRIVATE_DIRECTORIES:
            for layer in ("upper", "work"):
                (self._root / f"overlay{place}" / layer).mkdir(parents=True)

    def _command(self, *arguments):
        overlays = [
            f"mount -t overlay overlay -o lowerdir={place},upperdir={self._root}/overlay{place}/upper,"
            f"workdir={self._root}/overlay{place}/work {place}"
            for place in PRIVATE_DIRECTORIES
        ]
        script = " && ".join([*overlays, f'exec {self._root}/bin/amazon-ssm-agent "$@"'])
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "amazon-ssm-agent", *arguments]

    def _environment(self):
        return {
            **self._testbed.machine_environment(),
            "HOME": str(self._root / "home"),
            # Go's own name for the trusted authorities; the agent has no setting for them.
            "SSL_CERT_FILE": str(self._testbed.ca_bundle),
            "SSL_CERT_DIR": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def stop(self):
        """Its session workers are meant to outlive it; here they go with it."""
        workers = processes.descendants(self.process.pid)
        self._testbed.stop_process(self.process)
        for worker in workers:
            processes.kill(worker.pid)

    def log(self):
        path = self._root / "overlay/var/upper/log/amazon/ssm/amazon-ssm-agent.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def memory(self):
        """Of the agent and its workers."""
        pids = [self.process.pid, *(p.pid for p in processes.descendants(self.process.pid))]
        return processes.memory_of(pids)
