"""An AWS emulator on this machine that checks permissions, and the template deployed to it as a user deploys it."""

import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path

import boto3
import requests

from sam import ACCOUNT, REGION, ROOT
from tools import run

PYTHON = Path(os.environ.get("EMULATOR_PYTHON", ROOT / "target/emulator/bin/python"))
BUILD = ROOT / "target/sam"


class Emulator:
    """Runs until `stop`, or until this process ends, however it ends."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "emulator.log"
        self.records = folder / "records"
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            # Functions get their roles' credentials, and calls are held to the roles' policies.
            "AUTH": "true",
            # The functions' processes inherit these.
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
        }
        with self.log.open("w") as log:
            command = [PYTHON, Path(__file__).with_name("start_emulator.py"), self.records]
            self._process = subprocess.Popen(command, env=settings, stdin=subprocess.PIPE, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._healthy():
            assert self._process.poll() is None, f"the emulator ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"the emulator does not answer:\n{self.log.read_text()}"
            time.sleep(0.1)

    def _healthy(self):
        try:
            return requests.get(f"{self.url}/_ministack/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        # It ends with its standard input, and its functions with it.
        self._process.stdin.close()
        self._process.wait(20)

    @property
    def credentials(self):
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        return keys | {"AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": self.url}

    def client(self, service):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **keys)


def build():
    """`sam build` with this machine's processor: the functions' real binaries, or what BUILT names, built so before."""
    if built := os.environ.get("BUILT"):
        return Path(built).resolve()
    run(
        "sam", "build", "--template", ROOT / "template.yaml", "--build-dir", BUILD,
        "--parameter-overrides", "Architecture=x86_64", timeout=3600,
    )  # fmt: skip
    return BUILD / "template.yaml"


class Deployment:
    """The stack that `sam deploy` made with samconfig.toml's dev environment and these parameters."""

    def __init__(self, emulator, template, name, **parameters):
        self.emulator = emulator
        self.name = name
        overrides = [f"{key}={value}" for key, value in parameters.items()]
        self.said = run(
            "sam", "deploy", "--template", template, "--config-file", ROOT / "samconfig.toml", "--config-env", "dev",
            "--stack-name", name, "--parameter-overrides", *overrides, **emulator.credentials,
        )  # fmt: skip

    @cached_property
    def outputs(self):
        [stack] = self.emulator.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
    def api_url(self):
        """The address in the outputs names a host that nothing here resolves; the emulator has this one beside it."""
        host = self.outputs["ApiUrl"].split("//")[1]
        return f"{self.emulator.url}/_aws/execute-api/{host.split('.')[0]}/$default"

    def invoke(self, function, event):
        """What a function, invoked directly, answers."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        client = self.emulator.client("lambda")
        answer = client.invoke(FunctionName=self.outputs[f"{function}Name"], Payload=payload)
        said = json.loads(answer["Payload"].read() or "null")
        assert "FunctionError" not in answer, f"{function} failed: {said}"
        return said

    def create_key(self, account, mode="live"):
        return self.invoke("ExpiryHandlerFunction", {"openAccount": {"account": account, "mode": mode}})["apiKey"]

    def schedules(self):
        found = self.emulator.client("scheduler").list_schedules(GroupName=self.outputs["ScheduleGroupName"])
        return {schedule["Name"] for schedule in found["Schedules"]}

    def waiting(self, queue):
        """Messages in a queue: ready, delayed, in flight."""
        names = "", "Delayed", "NotVisible"
        attributes = self.emulator.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[f"{queue}Url"], AttributeNames=["All"]
        )["Attributes"]
        return tuple(int(attributes[f"ApproximateNumberOfMessages{name}"]) for name in names)

    def resting(self, queue):
        """The messages that are in a queue, visible or not, as one text."""
        url = f"{self.emulator.url}/_ministack/sqs/messages"
        answer = requests.get(url, params={"QueueUrl": self.outputs[f"{queue}Url"]}, timeout=30)
        assert answer.ok, answer.text
        return answer.text

    def holds(self, queue, text):
        """Whether a message with this text is in a queue, visible or not."""
        return text in self.resting(queue)

    def log(self, function):
        """All that a function wrote."""
        return (self.emulator.records / f"{self.outputs[f'{function}Name']}.log").read_text()

    def received(self):
        """All messages that anybody received of any queue, with what goes with them."""
        return [json.loads(line) for line in (self.emulator.records / "messages").read_text().splitlines()]

    @contextmanager
    def without(self, role, *actions):
        """Takes actions from what a function's role allows."""
        iam = self.emulator.client("iam")
        resource = self.emulator.client("cloudformation").describe_stack_resource(
            StackName=self.name, LogicalResourceId=role
        )["StackResourceDetail"]
        name = resource["PhysicalResourceId"]
        [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        put = partial(iam.put_role_policy, RoleName=name, PolicyName=policy)
        allowed = [
            (it, {*([it["Action"]] if isinstance(it["Action"], str) else it["Action"])}) for it in document["Statement"]
        ]
        assert {*actions} <= set().union(*(each for _, each in allowed)), f"{role} does not allow {actions}"
        less = [it | {"Action": sorted(each - {*actions})} for it, each in allowed if each - {*actions}]
        put(PolicyDocument=json.dumps(document | {"Statement": less}))
        try:
            yield
        finally:
            put(PolicyDocument=json.dumps(document))
