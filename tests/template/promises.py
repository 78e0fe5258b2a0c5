"""What no linter knows: what the template promises AWS, the code and whoever deploys it.

Each promise takes a template and yields what breaks it, in words; of a good template it yields nothing.
"""

import json
import re

import crates
from sam import ACCOUNT, REGION, STACK

# The most attempts that a delivery's plan can have: an endpoint's, with 10 retries (contract §5).
MOST_ATTEMPTS = 11
# SQS's limits, in seconds.
LONGEST_DELAY = 900
LONGEST_RETENTION = 1_209_600
# EventBridge Scheduler's precision, in seconds.
SCHEDULER_PRECISION = 60
# How long the API's longest calls go on by themselves, in seconds: a test send waits 10 for its receiver, and
# sending failed deliveries again ends after 15. And how long API Gateway waits for an answer.
LONGEST_CALL = 15
GATEWAY_TIMEOUT = 30

EVERYTHING_ON = {
    "AlarmEmail": "ops@example.com",
    "AllowedOrigins": "https://app.example.com,https://admin.example.com",
    "CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1",
    "DomainName": "timers.example.com",
    "TableEncryption": "aws-managed",
    "Tracing": "Active",
}

PROMISES = []


def promise(check):
    PROMISES.append(check)
    return check


def faults(template):
    """All that breaks a promise, each with the promise's name."""
    return [f"{check.__name__}: {fault}" for check in PROMISES for fault in check(template)]


def mappings(stack):
    """Each queue that feeds a function: its mapping, its function's name, its queue's name."""
    for name, mapping in stack.of("AWS::Lambda::EventSourceMapping").items():
        yield name, mapping, stack.named(mapping["FunctionName"]), stack.named(mapping["EventSourceArn"])


def items(value):
    return value if isinstance(value, list) else [value]


@promise
def a_batch_is_not_given_out_again_while_its_taker_may_still_work_on_it(template):
    stack = template.stack()
    for name, _, function, queue in mappings(stack):
        timeout = stack.of("AWS::Lambda::Function")[function]["Timeout"]
        visibility = stack.of("AWS::SQS::Queue")[queue].get("VisibilityTimeout", 30)
        if visibility < 6 * timeout:
            yield f"{name}: {queue} is visible again after {visibility} s, {function} may run for {timeout} s"


@promise
def the_api_has_time_for_its_longest_call_and_answers_before_the_gateway_gives_up(template):
    timeout = template.stack().of("AWS::Lambda::Function")["ApiFunction"]["Timeout"]
    if not LONGEST_CALL + 5 <= timeout < GATEWAY_TIMEOUT:
        yield f"ApiFunction may run for {timeout} s"


@promise
def pages_of_other_sites_may_call_the_api_where_it_is_said_and_do_what_they_may_do_locally(template):
    [closed] = template.stack().of("AWS::ApiGatewayV2::Api").values()
    if "CorsConfiguration" in closed:
        yield "without AllowedOrigins some site's pages may call the API"
    [api] = template.stack(**EVERYTHING_ON).of("AWS::ApiGatewayV2::Api").values()
    cors = api.get("CorsConfiguration", {})
    if cors.get("AllowOrigins") != EVERYTHING_ON["AllowedOrigins"].split(","):
        yield f"AllowedOrigins are {cors.get('AllowOrigins')}"
    for setting, local in crates.cross_origin().items():
        if cors.get(setting) != local:
            yield f"{setting} is {cors.get(setting)}, of the local server {local}"


@promise
def every_function_fed_by_a_queue_reports_which_messages_failed(template):
    for name, mapping, _, _ in mappings(template.stack()):
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name} deletes failed messages: FunctionResponseTypes is {mapping.get('FunctionResponseTypes')}"


@promise
def concurrency_is_limited_at_the_queue_where_it_burns_no_receives(template):
    stack = template.stack()
    for name, mapping, function, _ in mappings(stack):
        if "MaximumConcurrency" not in mapping.get("ScalingConfig", {}):
            yield f"{name} has no MaximumConcurrency"
        if "ReservedConcurrentExecutions" in stack.of("AWS::Lambda::Function")[function]:
            yield f"{function} reserves concurrency: what is throttled there counts as received"
    if len(list(mappings(stack))) != 2:
        yield "the due queue and the delivery queue feed a function each"


@promise
def a_message_has_more_receives_than_a_delivery_has_attempts_and_then_rests_where_it_is_kept_longest(template):
    stack = template.stack()
    queues = stack.of("AWS::SQS::Queue")
    for name, _, _, queue in mappings(stack):
        redrive = queues[queue].get("RedrivePolicy")
        if not redrive:
            yield f"{name}: {queue} has no dead-letter queue"
            continue
        if redrive["maxReceiveCount"] <= MOST_ATTEMPTS:
            yield f"{queue} gives up after {redrive['maxReceiveCount']} receives; a plan can have {MOST_ATTEMPTS}"
        dead = queues[stack.named(redrive["deadLetterTargetArn"])]
        if dead.get("MessageRetentionPeriod", 345_600) < LONGEST_RETENTION:
            yield f"{queue}'s dead letters are lost early: SQS counts from when a message was first sent"
        source = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queues[queue]['QueueName']}"
        if dead.get("RedriveAllowPolicy", {}).get("sourceQueueArns") != [source]:
            yield f"{queue}'s dead-letter queue takes messages from elsewhere than {source}"
    if queues["DeliveryQueue"].get("MessageRetentionPeriod", 345_600) < LONGEST_RETENTION:
        yield "DeliveryQueue must keep a message through plans of 12 h between attempts"
    for name, queue in queues.items():
        if queue.get("SqsManagedSseEnabled") is not True:
            yield f"{name} is not encrypted"


@promise
def delays_stay_within_what_sqs_and_scheduler_can_do(template):
    parameters = template.raw["Parameters"]
    direct = parameters["DirectDelaySeconds"]
    if direct["MaxValue"] > LONGEST_DELAY:
        yield f"DirectDelaySeconds may be more than the {LONGEST_DELAY} s that SQS delays by"
    if direct["Default"] < 2 * SCHEDULER_PRECISION:
        yield "a schedule that fires a minute late must still be early"
    for name, queue in template.stack().of("AWS::SQS::Queue").items():
        if queue.get("DelaySeconds", 0) != 0:
            yield f"{name} delays messages that say no delay"


TABLE, INDEX = "${Table.Arn}", "${Table.Arn}/index/due"
DUE, DELIVERY = "${DueQueue.Arn}", "${DeliveryQueue.Arn}"
SCHEDULES = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/${{ScheduleGroup}}/*"


def allow(actions, *resources):
    return {(action, resource) for action in actions.split() for resource in resources}


def logs(group):
    return allow("logs:CreateLogStream logs:PutLogEvents", f"${{{group}.Arn}}")


CONSUME = "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes"
SEND = allow("sqs:SendMessage", DUE, DELIVERY)
# What each role may do: exactly this.
ROLES = {
    "ApiRole": allow(
        "dynamodb:GetItem dynamodb:BatchGetItem dynamodb:PutItem dynamodb:DeleteItem dynamodb:Query", TABLE
    )
    | SEND
    | allow("scheduler:CreateSchedule scheduler:DeleteSchedule", SCHEDULES)
    | allow("iam:PassRole", "${ScheduleRole.Arn}")
    | logs("ApiLogs"),
    "ExpiryHandlerRole": allow(
        "dynamodb:GetItem dynamodb:BatchGetItem dynamodb:PutItem dynamodb:DeleteItem dynamodb:Query", TABLE
    )
    | allow("dynamodb:Query", INDEX)
    | allow(CONSUME, DUE)
    | SEND
    | logs("ExpiryHandlerLogs"),
    "DeliveryRole": allow("dynamodb:GetItem dynamodb:BatchGetItem dynamodb:PutItem dynamodb:Query", TABLE)
    | allow("sqs:SendMessage", DUE)
    | allow(CONSUME + " sqs:ChangeMessageVisibility", DELIVERY)
    | logs("DeliveryLogs"),
    "ScheduleRole": allow("sqs:SendMessage", DUE, "${ScheduleDeadLetters.Arn}"),
}
# Of these every function's role has more while it is traced; X-Ray knows no narrower resource.
TRACING = allow("xray:PutTraceSegments xray:PutTelemetryRecords", "*")


def allowed(role):
    """The actions and resources that a role's policies allow; a statement that does anything else stands as a whole."""
    found = set(role.get("ManagedPolicyArns", []))
    for policy in role.get("Policies", []):
        for statement in items(policy["PolicyDocument"]["Statement"]):
            if statement["Effect"] != "Allow" or statement.keys() - {"Effect", "Action", "Resource", "Condition"}:
                found.add(str(statement))
                continue
            actions, resources = items(statement.get("Action", [])), items(statement.get("Resource", []))
            found |= {(action, resource) for action in actions for resource in resources}
    return found


@promise
def each_role_may_do_exactly_what_it_needs(template):
    for parameters, traced in ({}, set()), (EVERYTHING_ON, TRACING):
        roles = template.stack(**parameters).of("AWS::IAM::Role")
        if roles.keys() != ROLES.keys():
            yield f"the roles are {set(roles)}, not {set(ROLES)}"
        for name in roles.keys() & ROLES.keys():
            needed = ROLES[name] | (traced if name != "ScheduleRole" else set())
            for more in allowed(roles[name]) - needed:
                yield f"{name} may do more than it needs: {more}"
            for less in needed - allowed(roles[name]):
                yield f"{name} lacks {less}"
        for name, role in roles.items():
            for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
                passing = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
                expected = passing if statement["Action"] == "iam:PassRole" else None
                if statement.get("Condition") != expected:
                    yield f"{name}: {statement['Action']} under the condition {statement.get('Condition')}"


@promise
def the_functions_may_make_the_calls_that_their_sources_make_and_no_others(template):
    roles = template.stack().of("AWS::IAM::Role")
    made = crates.operations()
    granted = {action for name, role in roles.items() if name != "ScheduleRole" for action, _ in allowed(role)}
    granted = {action for action in granted if action.split(":")[0] in ("dynamodb", "sqs", "scheduler")}
    # Lambda itself makes these, for the queues that feed the functions.
    granted -= set(CONSUME.split())
    for action in granted - made:
        yield f"no source needs {action}"
    for action in made - granted:
        yield f"no role allows {action}"


DOCUMENTED = {
    "the table": ("dynamodb:", TABLE),
    "its index `due`": ("dynamodb:", INDEX),
    "the due queue": ("", DUE),
    "the delivery queue": ("", DELIVERY),
    "schedules in the group": ("", SCHEDULES),
    "the Scheduler's role": ("", "${ScheduleRole.Arn}"),
}


@promise
def the_functions_may_do_what_their_readme_says(template):
    roles = template.stack().of("AWS::IAM::Role")
    for role, rows in crates.documented_calls().items():
        documented = {
            (DOCUMENTED[row][0] + action, DOCUMENTED[row][1]) for row, actions in rows.items() for action in actions
        }
        of_lambda = {it for it in allowed(roles[role]) if it[0].startswith("logs:") or it[0] in CONSUME.split()}
        for fault in documented ^ (allowed(roles[role]) - of_lambda):
            yield f"{role} and infra/aws/README.md differ in {fault}"


@promise
def a_role_is_taken_on_only_by_whom_it_is_for(template):
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{STACK}"
    conditions = {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}}
    stack = template.stack()
    if stack.of("AWS::Scheduler::ScheduleGroup")["ScheduleGroup"].get("Name") != STACK:
        yield "the schedule group's name is not the one that ScheduleRole trusts"
    for name, role in stack.of("AWS::IAM::Role").items():
        service = "scheduler" if name == "ScheduleRole" else "lambda"
        expected = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        } | ({"Condition": conditions} if name == "ScheduleRole" else {})
        if role["AssumeRolePolicyDocument"]["Statement"] != [expected]:
            yield f"{name} is trusted to {role['AssumeRolePolicyDocument']['Statement']}"


@promise
def each_function_has_the_role_and_the_logs_of_its_own(template):
    stack = template.stack()
    groups = stack.of("AWS::Logs::LogGroup")
    for name, group in groups.items():
        if "RetentionInDays" not in group:
            yield f"{name} keeps logs for ever"
    for name, function in stack.of("AWS::Lambda::Function").items():
        stem = name.removesuffix("Function")
        if function["Role"] != f"${{{stem}Role.Arn}}":
            yield f"{name} runs as {function['Role']}"
        logging = function.get("LoggingConfig", {})
        if logging.get("LogGroup") != f"${{{stem}Logs}}" or logging.get("LogFormat") != "JSON":
            yield f"{name} logs to {logging}"
        if groups[f"{stem}Logs"]["LogGroupName"] != f"/aws/lambda/{function['FunctionName']}":
            yield f"{stem}Logs is not where tools look for {function['FunctionName']}'s logs"


@promise
def each_function_gets_exactly_the_variables_that_its_code_reads(template):
    functions = template.stack().of("AWS::Lambda::Function")
    for name, crate in crates.FUNCTIONS.items():
        given = functions[name].get("Environment", {}).get("Variables", {}).keys()
        read = crates.variables(crate)
        if given != read:
            yield f"{name}: read and not given: {sorted(read - given)}; given and not read: {sorted(given - read)}"


@promise
def each_function_is_built_from_its_crate(template):
    for name, crate in crates.FUNCTIONS.items():
        function = template.raw["Resources"][name]
        if function["Properties"]["CodeUri"] != crate.folder:
            yield f"{name} is built from {function['Properties']['CodeUri']}"
        if function.get("Metadata", {}).get("BuildMethod") != "rust-cargolambda":
            yield f"{name} is not built by cargo-lambda"
    for name, function in template.stack(Architecture="x86_64").of("AWS::Lambda::Function").items():
        if (function["Runtime"], function["Handler"], function["Architectures"]) != (
            "provided.al2023",
            "bootstrap",
            ["x86_64"],
        ):
            yield f"{name} runs as {function['Runtime']}, {function['Handler']}, {function['Architectures']}"


@promise
def the_table_is_the_one_that_the_code_reads_and_writes(template):
    for parameters in {}, {"DeletionProtection": "false", "PointInTimeRecovery": "false"}:
        stack = template.stack(**parameters)
        [(name, table)] = stack.of("AWS::DynamoDB::Table").items()
        keys = crates.table_keys()
        if keyed(table) != keys.primary:
            yield f"{name}'s key is {keyed(table)}, the code's {keys.primary}"
        indexes = {index["IndexName"]: keyed(index) for index in table["GlobalSecondaryIndexes"]}
        if indexes != keys.indexes:
            yield f"{name}'s indexes are {indexes}, the code's {keys.indexes}"
        if any(index["Projection"] != {"ProjectionType": "KEYS_ONLY"} for index in table["GlobalSecondaryIndexes"]):
            yield f"{name}'s indexes hold more than the keys that the code reads there"
        if table.get("TimeToLiveSpecification") != {"AttributeName": keys.ttl, "Enabled": True}:
            yield f"{name} deletes nothing, or by another attribute than {keys.ttl}"
        if table.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name} costs money while nothing happens"
        protection = table.get("DeletionProtectionEnabled")
        recovery = table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        wanted = parameters.get("DeletionProtection", "true"), parameters.get("PointInTimeRecovery", "true")
        if (protection, recovery) != wanted:
            yield f"{name}: deletion protection and recovery are {protection}, {recovery}; the parameters say {wanted}"


def keyed(it):
    return tuple(key["AttributeName"] for key in it["KeySchema"])


@promise
def every_request_reaches_the_api_function_and_not_too_many_at_once(template):
    stack = template.stack()
    [route] = stack.of("AWS::ApiGatewayV2::Route").values()
    [(integration, proxy)] = stack.of("AWS::ApiGatewayV2::Integration").items()
    [stage] = stack.of("AWS::ApiGatewayV2::Stage").values()
    if route["RouteKey"] != "$default" or route["Target"] != f"integrations/${{{integration}}}":
        yield f"the route is {route}"
    if proxy["IntegrationUri"] != "${ApiFunction.Arn}" or proxy["PayloadFormatVersion"] != "2.0":
        yield f"the integration is {proxy}"
    if stage["StageName"] != "$default" or stage["AutoDeploy"] is not True:
        yield f"the stage is {stage}"
    limits = stage.get("DefaultRouteSettings", {})
    if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= limits.keys():
        yield "nothing limits how many requests come"
    if template.raw["Parameters"]["ThrottlingBurst"]["MinValue"] < 11:
        yield "seed 000's client creates 11 timers at once"
    granted = {
        "FunctionName": "${ApiFunction}",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:${{HttpApi}}/*",
    }
    permissions = [
        it for it in stack.of("AWS::Lambda::Permission").values() if it["Principal"] != "events.amazonaws.com"
    ]
    if permissions != [granted]:
        yield f"the API may be invoked by {permissions}"


@promise
def the_sweep_runs_every_minute(template):
    stack = template.stack()
    rules = list(stack.of("AWS::Events::Rule").values())
    runs = [
        (rule["ScheduleExpression"], target["Arn"])
        for rule in rules
        for target in rule["Targets"]
        if rule.get("State") != "DISABLED"
    ]
    if runs != [("rate(1 minute)", "${ExpiryHandlerFunction.Arn}")]:
        yield f"what runs by itself is {runs}"


@promise
def traces_are_sent_only_if_asked_for(template):
    for mode in "Active", "PassThrough":
        for name, function in template.stack(Tracing=mode).of("AWS::Lambda::Function").items():
            if function["TracingConfig"]["Mode"] != mode:
                yield f"{name} traces {function['TracingConfig']}"


@promise
def whoever_deploys_is_told_what_everything_is(template):
    parameters = template.raw["Parameters"]
    grouped = []
    for group in template.raw["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        grouped += group["Parameters"]
    if sorted(grouped) != sorted(parameters):
        yield f"the groups hold {set(grouped) ^ set(parameters)} too much or too little"
    for name, parameter in parameters.items():
        if len(parameter.get("Description", "")) < 20:
            yield f"the parameter {name} is not described"
        if "Default" not in parameter:
            yield f"the parameter {name} has no default"
        bounds = {"AllowedValues", "AllowedPattern", "MinValue"}
        if not bounds & parameter.keys():
            yield f"the parameter {name} takes anything"
        if not re.search(rf"(!Ref {name}\b)|(\$\{{{name}\}})", template.text):
            yield f"the parameter {name} is not used"
    for name, output in template.raw["Outputs"].items():
        if len(output.get("Description", "")) < 10:
            yield f"the output {name} is not described"


@promise
def the_application_in_the_repository_is_of_the_crates_version(template):
    application = template.raw["Metadata"]["AWS::ServerlessRepo::Application"]
    if application["SemanticVersion"] != crates.version():
        yield f"the template says {application['SemanticVersion']}, Cargo.toml {crates.version()}"


@promise
def the_text_is_yaml_as_cloudformation_reads_it(template):
    for number, line in enumerate(template.text.splitlines(), 1):
        if re.search(r"(^|[\s:\-\[,])[&*][A-Za-z_]", line.split(" #")[0]):
            yield f"line {number}: CloudFormation knows no anchors and aliases: {line.strip()}"


@promise
def every_alarm_calls_for_help_and_has_its_section_in_the_runbook(template):
    sections = crates.runbook_sections()
    alarms = template.stack(**EVERYTHING_ON).of("AWS::CloudWatch::Alarm")
    names = {alarm["AlarmName"].removeprefix(f"{STACK}-") for alarm in alarms.values()}
    for name in names - sections:
        yield f"docs/runbook.md has no section {name}"
    for name in sections - names:
        yield f"docs/runbook.md explains an alarm {name} that there isn't"
    for name, alarm in alarms.items():
        if alarm.get("AlarmActions") != ["${AlarmTopic}"] or alarm.get("OKActions") != ["${AlarmTopic}"]:
            yield f"{name} tells nobody"
        if "TreatMissingData" not in alarm:
            yield f"{name} doesn't say what no data means"
    silent = template.stack().of("AWS::CloudWatch::Alarm")
    if any(alarm["AlarmActions"] for alarm in silent.values()):
        yield "alarms call a topic that there isn't, without AlarmEmail"


WATCHED = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "${DueDeadLetters.QueueName}"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "${DeliveryDeadLetters.QueueName}"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "${ScheduleDeadLetters.QueueName}"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "${DueQueue.QueueName}"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "${DeliveryQueue.QueueName}"),
    ("AWS/Lambda", "Errors", "${ApiFunction}"),
    ("AWS/Lambda", "Errors", "${ExpiryHandlerFunction}"),
    ("AWS/Lambda", "Errors", "${DeliveryFunction}"),
    ("AWS/Lambda", "Throttles", "${ApiFunction}"),
    ("AWS/Lambda", "Throttles", "${ExpiryHandlerFunction}"),
    ("AWS/Lambda", "Throttles", "${DeliveryFunction}"),
    ("AWS/ApiGateway", "5xx", "${HttpApi}"),
    ("AWS/DynamoDB", "ReadThrottleEvents", "${Table}"),
    ("AWS/DynamoDB", "WriteThrottleEvents", "${Table}"),
    ("Minoots", "Repaired", STACK),
    ("Minoots", "Missed", STACK),
    ("Minoots", "FirstAttemptLateness", STACK),
}


@promise
def everything_that_can_go_wrong_is_watched(template):
    watched = set()
    for alarm in template.stack().of("AWS::CloudWatch::Alarm").values():
        values = " ".join(dimension["Value"] for dimension in alarm["Dimensions"])
        watched.add((alarm["Namespace"], alarm["MetricName"], values))
    for missing in WATCHED - watched:
        yield f"no alarm watches {missing}"
    for more in watched - WATCHED:
        yield f"an alarm watches {more}"


@promise
def the_metrics_of_our_own_that_are_watched_are_those_that_the_code_writes(template):
    stack = template.stack()
    emitted = crates.metrics()
    [dashboard] = stack.of("AWS::CloudWatch::Dashboard").values()
    shown = [
        [part for part in metric if isinstance(part, str)]
        for widget in json.loads(dashboard["DashboardBody"])["widgets"]
        for metric in widget["properties"]["metrics"]
    ]
    used = {(name, *dimensions[::2]) for space, name, *dimensions in shown if space == "Minoots"}
    for alarm in stack.of("AWS::CloudWatch::Alarm").values():
        if alarm["Namespace"] == "Minoots":
            used.add((alarm["MetricName"], *[dimension["Name"] for dimension in alarm["Dimensions"]]))
    for metric in used - emitted:
        yield f"{metric} is watched, and never written"
    for metric in emitted - used:
        yield f"{metric} is written, and never seen"
