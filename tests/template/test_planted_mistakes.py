"""Mistakes such as people make in templates, each planted into the text: something has to notice."""

import subprocess

import pytest

from promises import faults
from sam import Template, template
from tools import environment, run

# What is done to the text, and the promise that must break.
MISTAKES = {
    "the delivery function may run longer and its queue doesn't know": (
        ("Timeout: 45", "Timeout: 60"),
        "a_batch_is_not_given_out_again_while_its_taker_may_still_work_on_it",
    ),
    "a test send may wait for its receiver as long as the API function may run": (
        ("      Timeout: 28\n", "      Timeout: 10\n"),
        "the_api_has_time_for_its_longest_call_and_answers_before_the_gateway_gives_up",
    ),
    "the due queue's visibility time-out is left out": (
        ("      VisibilityTimeout: 360\n", ""),
        "a_batch_is_not_given_out_again_while_its_taker_may_still_work_on_it",
    ),
    "messages are given up after the usual five receives": (
        ("maxReceiveCount: 20", "maxReceiveCount: 5"),
        "a_message_has_more_receives_than_a_delivery_has_attempts_and_then_rests_where_it_is_kept_longest",
    ),
    "a dead-letter queue keeps messages for the default four days": (
        (
            "-delivery-dead-letters\n      SqsManagedSseEnabled: true\n      MessageRetentionPeriod: 1209600\n",
            "-delivery-dead-letters\n      SqsManagedSseEnabled: true\n",
        ),
        "a_message_has_more_receives_than_a_delivery_has_attempts_and_then_rests_where_it_is_kept_longest",
    ),
    "the delivery queue's failed messages are deleted": (
        (
            "Queue: !GetAtt DeliveryQueue.Arn\n            BatchSize: 10\n            FunctionResponseTypes:",
            "Queue: !GetAtt DeliveryQueue.Arn\n            BatchSize: 10\n            # FunctionResponseTypes:",
        ),
        "every_function_fed_by_a_queue_reports_which_messages_failed",
    ),
    "concurrency is reserved instead of limited at the queue": (
        ("            ScalingConfig: { MaximumConcurrency: !Ref DueConcurrency }\n", ""),
        "concurrency_is_limited_at_the_queue_where_it_burns_no_receives",
    ),
    "a role may do everything with the table": (
        (
            "Action: [dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:PutItem, dynamodb:Query]",
            "Action: dynamodb:*",
        ),
        "each_role_may_do_exactly_what_it_needs",
    ),
    "a role can't change a message's visibility, so nothing waits for its retry": (
        (", sqs:ChangeMessageVisibility]", "]"),
        "each_role_may_do_exactly_what_it_needs",
    ),
    "schedules may write to every queue": (
        ("Resource: [!GetAtt DueQueue.Arn, !GetAtt ScheduleDeadLetters.Arn]", 'Resource: "*"'),
        "each_role_may_do_exactly_what_it_needs",
    ),
    "any role may be passed to any service": (
        ("                Condition: { StringEquals: { iam:PassedToService: scheduler.amazonaws.com } }\n", ""),
        "each_role_may_do_exactly_what_it_needs",
    ),
    "Scheduler takes on the role for any account": (
        ("                aws:SourceAccount: !Ref AWS::AccountId\n", ""),
        "a_role_is_taken_on_only_by_whom_it_is_for",
    ),
    "Scheduler takes on the role for schedules, which it never names": (
        ("schedule-group/${AWS::StackName}", "schedule/${AWS::StackName}/*"),
        "a_role_is_taken_on_only_by_whom_it_is_for",
    ),
    "a variable is misspelled": (
        ("DELIVERY_QUEUE_URL: !Ref", "DELIVERIES_QUEUE_URL: !Ref"),
        "each_function_gets_exactly_the_variables_that_its_code_reads",
    ),
    "logs are kept for ever": (
        ("-delivery\n      RetentionInDays: !Ref LogRetentionDays\n", "-delivery\n"),
        "each_function_has_the_role_and_the_logs_of_its_own",
    ),
    "finished timers are never deleted": (
        ("AttributeName: ttl,", "AttributeName: expires,"),
        "the_table_is_the_one_that_the_code_reads_and_writes",
    ),
    "the due index has another name": (
        ("- IndexName: due", "- IndexName: due-index"),
        "the_table_is_the_one_that_the_code_reads_and_writes",
    ),
    "any API of any account may invoke the function": (
        ("      SourceArn: !Sub arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*\n", ""),
        "every_request_reaches_the_api_function_and_not_too_many_at_once",
    ),
    "what waits directly may wait longer than SQS can": (
        ("    MaxValue: 900\n", "    MaxValue: 3600\n"),
        "delays_stay_within_what_sqs_and_scheduler_can_do",
    ),
    "the sweep runs every hour": (("rate(1 minute)", "rate(1 hour)"), "the_sweep_runs_every_minute"),
    "an alarm is added that the runbook doesn't explain": (
        ("${AWS::StackName}-lateness", "${AWS::StackName}-slowness"),
        "every_alarm_calls_for_help_and_has_its_section_in_the_runbook",
    ),
    "an alarm watches the queue instead of its dead letters": (
        ("Value: !GetAtt DeliveryDeadLetters.QueueName", "Value: !GetAtt DeliveryQueue.QueueName"),
        "everything_that_can_go_wrong_is_watched",
    ),
    "a parameter is explained to nobody": (
        ("    Description: Days that logs are kept.\n", ""),
        "whoever_deploys_is_told_what_everything_is",
    ),
    "a resource refers to one that was renamed": (("!GetAtt ApiLogs.Arn", "!GetAtt ApiLog.Arn"), "cfn-lint"),
    "a property is misspelled": (("PayloadFormatVersion:", "PayloadVersion:"), "cfn-lint"),
    "a value is none of those allowed": (
        ("AttributeName: dp, AttributeType: S", "AttributeName: dp, AttributeType: Text"),
        "cfn-lint",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_is_noticed_that(mistake, tmp_path):
    (right, wrong), noticed_by = MISTAKES[mistake]
    text = template().text
    assert text.count(right) == 1, f"{right!r} is in the template {text.count(right)} times"
    spoiled = text.replace(right, wrong)
    if noticed_by == "cfn-lint":
        path = tmp_path / "template.yaml"
        path.write_text(spoiled)
        done = subprocess.run(["cfn-lint", path], env=environment(), capture_output=True, text=True)
        assert done.returncode & 2, f"cfn-lint finds no error: {done.stdout}{done.stderr}"
    else:
        broken = {fault.split(": ")[0] for fault in faults(Template(spoiled))}
        assert noticed_by in broken, broken


def test_without_a_mistake_nothing_is_noticed():
    assert faults(template()) == []
    run("cfn-lint", "template.yaml")
