"""Runs the emulator of tests/emulator, and puts right where it differs from AWS. Its argument: a folder for records."""

import json
import runpy
import sys
import threading
import time
from pathlib import Path

from ministack.core import iam_actions
from ministack.core.concurrency import esm_wake
from ministack.services import lambda_svc

import records

STARTER = Path(__file__).parents[2] / "tests/emulator/start.py"

concurrency_of = lambda_svc._sqs_esm_concurrency
environment_of = lambda_svc._provided_worker_env
action_of = iam_actions.extract_iam_action
resource_of = iam_actions.extract_resource_arn
# What AWS authorises under the name of the call that it is many of.
ACTIONS = {"sqs:SendMessageBatch": "sqs:SendMessage", "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility"}


def concurrency_as_a_number(mapping, *rest):
    """CloudFormation turns a parameter's text into the number that a property takes; the emulator does not."""
    if scaling := mapping.get("ScalingConfig"):
        scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
    return concurrency_of(mapping, *rest)


def environment_with_log_settings(function, *rest):
    """Lambda tells functions what to log; the emulator does not."""
    level = function["LoggingConfig"]["ApplicationLogLevel"]
    return environment_of(function, *rest) | {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": level}


def action_as_aws_authorises_it(*request):
    action = action_of(*request)
    return ACTIONS.get(action, action)


def resource_as_aws_names_it(service, method, path, headers, body, query, *rest):
    """A schedule's name has its group in it; the emulator takes every schedule for one of the group `default`."""
    arn = resource_of(service, method, path, headers, body, query, *rest)
    if service != "scheduler" or ":schedule/default/" not in arn:
        return arn
    group = query.get("groupName") or json.loads(body or "{}").get("GroupName", "default")
    return arn.replace("/default/", f"/{group if isinstance(group, str) else group[0]}/")


def look_for_delayed_messages_at_once():
    """A long poll on AWS returns when a delay ends; the emulator looks once a second unless it is woken."""
    while True:
        esm_wake.set()
        time.sleep(0.02)


lambda_svc._sqs_esm_concurrency = concurrency_as_a_number
lambda_svc._provided_worker_env = environment_with_log_settings
iam_actions.extract_iam_action = action_as_aws_authorises_it
iam_actions.extract_resource_arn = resource_as_aws_names_it
lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = 0.01
threading.Thread(target=look_for_delayed_messages_at_once, daemon=True).start()
records.keep_in(Path(sys.argv[1]))
runpy.run_path(str(STARTER), run_name="__main__")
