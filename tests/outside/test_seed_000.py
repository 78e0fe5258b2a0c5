"""Every example of seed 000: what it makes, and what arrives when its hours are over."""

import json
import re
from dataclasses import replace

from seeds import Seed
from stage import listener

SEED = Seed("000")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def printed(text):
    """The text as the document has it: its emoji were read as Mac Roman when it was saved."""
    return text.encode().decode("mac_roman")


def told(hit):
    """Where a webhook went, its message and its data."""
    return hit.path, hit.json["message"], hit.json["data"]


def reached(hits):
    """The milestones of progress webhooks, with how much of the timer had passed at each."""
    return [(hit.json["milestone"], hit.json["timer"]["percentComplete"]) for hit in hits]


@SEED.sample("Build Timeout Timer")
def test_build_timeout_names_neither_buildSucceeded_nor_timer_and_cancels_the_build_once_they_are_there(stage, sample):
    stage.environment |= {"BUILD_ID": "build-7", "REPO_NAME": "acme/web"}
    assert "buildSucceeded is not defined" in stage.fails(sample)
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"], timer["status"]) == ("Build Timeout Protection", 15 * MINUTE, "running")

    assert "timer is not defined" in stage.fails(sample, before="const buildSucceeded = true;")
    stage.run(sample, before="const buildSucceeded = false;")
    assert [timer["status"] for timer in stage.api.timers()] == ["running"] * 3

    stage.run(sample, before=f"const buildSucceeded = true, timer = {json.dumps(timer)};")
    [cancelled] = stage.awaited(timer, "timer_cancelled")
    assert cancelled.json["timer"]["reason"] == "Build completed successfully"
    assert told(cancelled) == ("/ci.yourcompany.com/build-timeout", None, {}), (
        "a cancellation must not cancel the build"
    )
    assert stage.api.timer(timer)["status"] == "cancelled"

    [overdue, *_] = stage.api.timers(status="running")
    data = {"buildId": "build-7", "action": "cancel_build", "repository": "acme/web"}
    assert told(stage.expired(overdue)) == ("/ci.yourcompany.com/build-timeout", None, data)


@SEED.sample("Deployment Window Enforcement")
def test_deployment_window_closes_after_eight_hours(stage, sample):
    assert stage.run(sample).endswith("Deployment window open until 6 PM\n")
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("Deployment Window", 8 * HOUR)
    assert told(stage.expired(timer)) == ("/ops.yourcompany.com/close-deployment-window", None, {})


@SEED.sample("Code Review Escalation")
def test_code_review_reminds_three_times_and_escalates(stage, sample):
    call = "print(create_review_timer(42, ['ana@example.com', 'bo@example.com']).status_code)"
    assert stage.run(sample, after=call) == "201\n"
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("Code Review PR #42", DAY)

    reminders, escalation = stage.lived(timer)
    assert reached(reminders) == [("50%", 50), ("75%", 75), ("90%", 90)]
    assert [told(hit) for hit in reminders] == [("/github-bot.yourcompany.com/review-reminder", None, {})] * 3
    data = {"pr_number": 42, "reviewers": ["ana@example.com", "bo@example.com"], "action": "escalate_to_tech_lead"}
    assert told(escalation) == ("/github-bot.yourcompany.com/escalate-review", None, data)


@SEED.sample("Rate Limit Coordination")
def test_rate_limit_usage_names_a_second_of_2022_and_waits_once_it_names_a_millisecond_to_come(stage, sample):
    assert re.search(r"^Rate limited by github\. Waiting -\d+s for reset\.$", stage.run(sample), re.MULTILINE)
    assert stage.timers() == {}, "a wait that is over before it begins is refused"

    stage.run(sample, after="await rateLimitManager.handleRateLimit('github', Date.now() + 90_000);")
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("github Rate Limit Reset", 90_000)
    data = {"service": "github", "originalRequest": "retry_last_operation"}
    assert told(stage.expired(timer)) == ("/your-agent.com/resume-api-calls", None, data)


@SEED.sample("Multi-Agent Task Coordination")
def test_agent_tasks_need_an_import_and_are_then_forced_or_signalled_complete(stage, sample):
    start = """
import os
coordinator = AgentCoordinator(os.environ['MINOOTS_API_KEY'])
coordinator.start_parallel_tasks([
    {'name': 'Summarise', 'max_duration': '30m', 'id': 'task_1', 'agent': 'agent_a'},
    {'name': 'Translate', 'max_duration': '1.5h', 'id': 'task_2', 'agent': 'agent_b'},
])
"""
    assert "name 'requests' is not defined" in stage.fails(sample, after=start)
    stage.run(sample, before="import requests", after=start)
    timers = stage.timers()
    assert {name: timer["duration"] for name, timer in timers.items()} == {
        "Agent Task: Summarise": 30 * MINUTE,
        "Agent Task: Translate": 90 * MINUTE,
    }

    [late, early] = timers.values()
    complete = f"import sys\nAgentCoordinator({stage.api.key!r}).signal_task_complete(sys.argv[1])"
    stage.run(sample, early["id"], before="import requests", after=complete)
    [cancelled] = stage.awaited(early, "timer_cancelled")
    assert cancelled.json["timer"]["reason"] == "Task completed successfully"
    data = {"task_id": "task_1", "agent_id": "agent_a", "action": "force_completion"}
    assert told(stage.expired(late)) == ("/coordinator.yourcompany.com/task-timeout", None, data)


OVERRUN = """
call() { curl -s -H "x-api-key: $MINOOTS_API_KEY" "$@"; }
timer=$MINOOTS_URL/timers/$(call $MINOOTS_URL/timers | jq -r '.timers[0].id')
call -X PATCH $timer -d '{"duration": "2s"}'
for _ in {1..200}; do
  [ "$(call $timer | jq -r .timer.status)" = expired ] && break
  sleep 0.05
done
"""


@SEED.sample("Long-Running Process Monitoring")
def test_training_is_watched_while_it_runs_and_let_go_when_it_ends(stage, sample):
    running = 'curl -s -H "x-api-key: $MINOOTS_API_KEY" "$MINOOTS_URL/timers?status=running"'
    stage.stand_in("python", f"echo $@ > trained\n{running} > during")
    output = stage.run(sample)
    job, timer_id = re.search(r"Training job (training_\d+) started with timer (\S+)", output).groups()
    assert (stage.folder / "trained").read_text() == f"train_model.py --job-id {job}\n"
    during = json.loads((stage.folder / "during").read_text())["timers"]
    assert [timer["id"] for timer in during] == [timer_id]

    timer = stage.only_timer()
    assert (timer["name"], timer["duration"], timer["status"]) == ("AI Training Job Timeout", 6 * HOUR, "cancelled")
    assert timer["reason"] == "Training completed successfully"
    [cancelled] = stage.awaited(timer, "timer_cancelled")
    assert told(cancelled) == ("/ml-ops.yourcompany.com/training-timeout", None, {})


@SEED.sample("Long-Running Process Monitoring")
def test_training_that_overruns_is_reported_at_each_quarter_and_terminated(stage, sample):
    # The job makes six hours two seconds, and goes on until they are over.
    stage.stand_in("python", OVERRUN)
    output = stage.run(sample)
    timer = stage.only_timer()
    [timeout] = stage.awaited(timer, "timer_expired")
    reports = stage.of(timer, "timer_progress")
    assert reached(reports) == [("25%", 25), ("50%", 50), ("75%", 75)]
    assert {hit.path for hit in reports} == {"/ml-ops.yourcompany.com/training-progress"}
    job = re.search(r"Training job (training_\d+) started", output)[1]
    data = {"job_id": job, "action": "terminate_job"}
    assert told(timeout) == ("/ml-ops.yourcompany.com/training-timeout", None, data)
    assert '"INVALID_TIMER_STATUS"' in output, "what has expired can't be cancelled any more"
    assert stage.of(timer, "timer_cancelled") == []


@SEED.sample("Sprint Management")
def test_sprint_makes_eleven_timers_in_a_burst_that_speak_to_slack(stage, sample):
    stage.run(sample)
    sprint, *standups = stage.timers().values()
    assert (sprint["name"], sprint["duration"]) == ("Q1 Feature Development Sprint", 14 * DAY)
    assert [(timer["name"], timer["duration"]) for timer in standups] == [
        (f"Standup Reminder Day {day}", day * DAY) for day in range(1, 11)
    ]
    stand_up = {"text": printed("🗣️ Daily standup in 30 minutes!")}
    assert [stage.posted(timer).json for timer in standups] == [stand_up] * 10

    stage.api.change(sprint, duration="2s")
    *quarters, end = stage.receiver.wait(15)[10:]
    for hit, milestone in zip(quarters, ["25%", "50%", "75%", "90%"], strict=True):
        assert set(hit.json) == {"text"}
        assert sprint["name"] in hit.json["text"]
        assert milestone in hit.json["text"]
    assert end.json == {"text": printed("🏁 Q1 Feature Development sprint completed! Time for retrospective.")}
    assert {hit.path for hit in stage.receiver.hits} == {"/hooks.slack.com/services/YOUR/SLACK/WEBHOOK"}


@SEED.sample("Meeting Management")
def test_meeting_lacks_its_subtract_time_and_announces_each_segment_once_it_has_it(stage, sample):
    call = """
MeetingManager('KEY', 'https://hooks.slack.com/services/T/B/X').schedule_meeting_timers('Weekly', [
    {'name': 'Introductions', 'duration': '10m'},
    {'name': 'Main Discussion', 'duration': '45m'},
    {'name': 'Action Items', 'duration': '15m'},
])
""".replace("KEY", stage.api.key)
    assert "has no attribute '_subtract_time'" in stage.fails(sample, after=call)
    [alone] = stage.timers().values()
    stage.api.cancel(alone)
    told_of_it = stage.receiver.one().json["text"]
    assert alone["name"] in told_of_it
    assert "time is up" not in told_of_it, "a cancellation must not send the meeting on"

    subtract_time = """
def _subtract_time(self, duration, less):
    return timedelta(minutes=int(duration[:-1]) - int(less[:-1])).total_seconds()
MeetingManager._subtract_time = _subtract_time
"""
    stage.run(sample, after=subtract_time + call)
    timers = stage.api.timers(status="running")[::-1]
    assert [(timer["name"], timer["duration"]) for timer in timers] == [
        ("Weekly: Introductions", 10 * MINUTE),
        ("Weekly: Introductions Warning", 8 * MINUTE),
        ("Weekly: Main Discussion", 45 * MINUTE),
        ("Weekly: Main Discussion Warning", 43 * MINUTE),
        ("Weekly: Action Items", 15 * MINUTE),
        ("Weekly: Action Items Warning", 13 * MINUTE),
    ]
    assert [stage.posted(timer).json["text"] for timer in timers] == [
        text
        for segment in ("Introductions", "Main Discussion", "Action Items")
        for text in (
            printed(f"⏰ {segment} time is up! Moving to next segment."),
            printed(f"⚠️ 2 minutes left for {segment}"),
        )
    ]
    assert {hit.path for hit in stage.receiver.hits} == {"/hooks.slack.com/services/T/B/X"}


@SEED.sample("On-Call Escalation")
def test_on_call_escalates_to_the_second_and_then_to_the_manager(stage, sample):
    incident = re.search(r"Incident (INC-\d{8}-\d{6}) escalation timers created", stage.run(sample))[1]
    timers = stage.timers()
    assert {name: timer["duration"] for name, timer in timers.items()} == {
        f"L1 Escalation - {incident}": 15 * MINUTE,
        f"L2 Escalation - {incident}": 35 * MINUTE,
    }
    second = {"incident_id": incident, "level": 2, "notify": "jane@company.com"}
    manager = {"incident_id": incident, "level": 3, "notify": "manager@company.com", "severity": "critical"}
    assert [told(stage.expired(timer)) for timer in timers.values()] == [
        ("/pagerduty.yourcompany.com/escalate", None, second),
        ("/pagerduty.yourcompany.com/escalate", None, manager),
    ]


@SEED.sample("SLA Monitoring")
def test_sla_monitor_needs_an_import_and_then_opens_its_window(stage, sample):
    assert "name 'os' is not defined" in stage.fails(sample)
    output = stage.run(sample, before="import os", after="print(timer_id)")
    timer = stage.only_timer()
    assert output == timer["id"] + "\n"
    assert (timer["name"], timer["duration"]) == ("SLA Monitor: user-auth-service", 5 * MINUTE)
    data = {"service": "user-auth-service", "threshold_ms": 200, "action": "evaluate_sla_breach"}
    assert told(stage.expired(timer)) == ("/monitoring.yourcompany.com/sla-check", None, data)


@SEED.sample("SLA Monitoring")
def test_sla_monitor_times_an_incident_by_its_severity(stage, sample):
    calls = "for severity in ('critical', 'high', 'medium', 'low'):\n    "
    calls += "sla_monitor.create_incident_timer(f'INC-{severity}', severity)"
    stage.run(sample, before="import os", after=calls)
    _, *incidents = stage.timers().values()
    assert [(timer["name"], timer["duration"]) for timer in incidents] == [
        ("Incident Resolution: INC-critical", HOUR),
        ("Incident Resolution: INC-high", 4 * HOUR),
        ("Incident Resolution: INC-medium", 24 * HOUR),
        ("Incident Resolution: INC-low", 72 * HOUR),
    ]
    progress, breach = stage.lived(incidents[0])
    assert reached(progress) == [("50%", 50), ("75%", 75), ("90%", 90)]
    assert {hit.path for hit in progress} == {"/incident-management.yourcompany.com/progress"}
    data = {"incident_id": "INC-critical", "severity": "critical", "action": "escalate_sla_breach"}
    assert told(breach) == ("/incident-management.yourcompany.com/sla-breach", None, data)


def backed_up_in(stage, sample):
    """The sample, with the stage's folder in place of /backups."""
    return replace(sample, text=sample.text.replace("/backups/", f"{stage.folder}/"))


@SEED.sample("Backup Verification")
def test_backup_that_succeeds_cancels_its_timeout(stage, sample):
    stage.stand_in("pg_dump", 'echo "-- dump of $1"')
    assert stage.run(backed_up_in(stage, sample)).endswith("Backup completed and verified\n")
    [dump] = stage.folder.glob("daily_backup_????????.sql")
    assert dump.read_text() == "-- dump of production_db\n"
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"]) == ("Database Backup Timeout - production_db", 2 * HOUR)
    assert (timer["status"], timer["reason"]) == ("cancelled", "Backup completed successfully")


@SEED.sample("Backup Verification")
def test_backup_that_fails_leaves_its_timeout_running(stage, sample):
    stage.stand_in("pg_dump", "exit 1")
    assert stage.run(backed_up_in(stage, sample)) == "Backup failed - timeout timer still active\n"
    timer = stage.only_timer()
    path, message, data = told(stage.expired(timer))
    assert (path, message) == ("/ops.yourcompany.com/backup-timeout", None)
    assert abs(data.pop("backup_start") - timer["startTime"] / 1000) < 5
    assert data == {"database": "production_db", "action": "investigate_backup_failure"}


@SEED.sample("Maintenance Window Management")
def test_maintenance_lacks_its_subtract_time_and_warns_half_an_hour_ahead_once_it_has_it(stage, sample):
    assert "this.subtractTime is not a function" in stage.fails(sample)
    assert "Maintenance Window Warning" not in stage.timers()
    for timer in stage.api.timers():
        stage.api.cancel(timer)

    subtract_time = "MaintenanceManager.prototype.subtractTime = (hours, minutes) =>"
    subtract_time += " `${parseInt(hours) * 60 - parseInt(minutes)}m`;"
    stage.run(sample, after=subtract_time)
    timers = stage.api.timers(status="running")[::-1]
    assert [(timer["name"], timer["duration"]) for timer in timers] == [
        ("Maintenance Window", 4 * HOUR),
        ("User Authentication Service Maintenance", HOUR),
        ("Database Cluster Maintenance", 3 * HOUR),
        ("Load Balancer Update Maintenance", 30 * MINUTE),
        ("Maintenance Window Warning", 210 * MINUTE),
    ]
    services = [
        (
            "/ops.yourcompany.com/service-maintenance-timeout",
            None,
            {"service": name, "action": "escalate_maintenance_delay"},
        )
        for name in ("User Authentication Service", "Database Cluster", "Load Balancer Update")
    ]
    done = printed("✅ Maintenance window completed. All services should be restored.")
    soon = printed("⚠️ 30 minutes remaining in maintenance window")
    assert [told(stage.expired(timer)) for timer in timers] == [
        ("/ops.yourcompany.com/maintenance-complete", done, {}),
        *services,
        ("/status.yourcompany.com/maintenance-warning", soon, {}),
    ]


@SEED.sample("Pomodoro Technique")
def test_pomodoro_alternates_work_and_breaks_and_ends_with_a_long_one(stage, sample):
    output = stage.run(sample, after="print([answer['timer']['id'] for answer in timers])")
    timers = list(stage.timers().values())
    assert output == f"{[timer['id'] for timer in timers]}\n"

    session = "Deep Work - Feature Development"
    expected = []
    for cycle in (1, 2, 3, 4):
        kind, minutes = ("Long break", 30) if cycle == 4 else ("Short break", 5)
        work_done = printed(f"🍅 Work session {cycle} complete! Time for a break.")
        break_done = printed(f"⏰ {kind} over! Ready for next work session.")
        expected += [
            (f"{session} - Work {cycle}", 25 * MINUTE, work_done, {"type": "work_complete", "cycle": cycle}),
            (f"{session} - {kind} {cycle}", minutes * MINUTE, break_done, {"type": "break_complete", "cycle": cycle}),
        ]
    hits = [stage.expired(timer) for timer in timers]
    assert {hit.path for hit in hits} == {"/your-app.com/pomodoro-webhook"}
    assert [
        (timer["name"], timer["duration"], *told(hit)[1:]) for timer, hit in zip(timers, hits, strict=True)
    ] == expected


@SEED.sample("Habit Tracking")
def test_habits_are_called_to_mind_one_by_one(stage, sample):
    stage.run(sample)
    habits = {"Morning Exercise": (7, "30 minutes"), "Reading": (20, "20 pages"), "Meditation": (6.5, "10 minutes")}
    timers = stage.timers()
    assert {name: timer["duration"] for name, timer in timers.items()} == {
        f"Daily Habit: {habit}": hours * HOUR for habit, (hours, _) in habits.items()
    }
    assert [told(stage.expired(timer)) for timer in timers.values()] == [
        (
            "/your-app.com/habit-reminder",
            printed(f"🎯 Time for your daily habit: {habit}"),
            {"habit": habit, "streak": 0, "target": target},
        )
        for habit, (_, target) in habits.items()
    ]


@SEED.sample("Study Session Management")
def test_study_session_explains_itself_when_it_is_called_with_too_little(stage, sample):
    usage = stage.fails(sample, "Machine Learning", "50m")
    assert re.match(r"Usage: \S+ <subject> <study_duration> <break_duration>\n", usage)
    assert usage.endswith(" 'Machine Learning' '50m' '10m'\n")
    assert stage.timers() == {}


@SEED.sample("Study Session Management")
def test_study_session_reports_progress_and_its_break(stage, sample):
    output = stage.run(sample, "Machine Learning", "50m", "10m")
    timers = stage.timers()
    assert {name: timer["duration"] for name, timer in timers.items()} == {
        "Study Session: Machine Learning": 50 * MINUTE,
        "Break after Machine Learning": 10 * MINUTE,
    }
    [study, pause] = timers.values()
    said = f"Study session created for Machine Learning\nStudy timer: {study['id']}\nBreak timer: {pause['id']}\n"
    assert output == said

    progress, end = stage.lived(study)
    assert reached(progress) == [("25%", 25), ("50%", 50), ("75%", 75)]
    assert {hit.path for hit in progress} == {"/study-app.com/progress"}
    message = printed("📚 Study session for Machine Learning completed! Time for a break.")
    data = {"subject": "Machine Learning", "duration": "50m"}
    assert told(end) == ("/study-app.com/study-complete", message, data)
    message = printed("⏰ Break time over! Ready for the next session?")
    data = {"previous_subject": "Machine Learning"}
    assert told(stage.expired(pause)) == ("/study-app.com/break-complete", message, data)


@SEED.sample("Duration Helper")
def test_duration_helper_rounds_down_against_its_own_comments_and_agrees_with_the_service_on_lengths(stage, sample):
    assert '// "90m"' in sample.text
    assert '// "105m"' in sample.text
    durations = ["45s", "90m", "105m", "2h", "3d"]
    call = f"console.log(JSON.stringify({durations}.map((each) => DurationHelper.parseDuration(each))));"
    *sums, lengths = stage.run(sample, after=call).splitlines()
    assert sums == ["1h", "1h"], "formatDuration keeps the largest unit only, so 90m and 105m can't come out"
    assert json.loads(lengths) == [stage.api.create(duration)["duration"] for duration in durations]


@SEED.sample("Webhook Tester")
def test_webhook_tester_needs_an_import_and_then_receives_its_webhook_ten_seconds_later(stage, sample):
    port, address = listener()
    sample = replace(sample, text=sample.text.replace("port=8080", f"port={port}"))
    assert "name 'os' is not defined" in stage.fails(sample)
    output = stage.run(sample, before="import os")
    timer = stage.only_timer()
    assert (timer["name"], timer["duration"], timer["status"]) == ("Webhook Test Timer", 10_000, "expired")
    assert f"Webhook server started on {address.replace('127.0.0.1', 'localhost')}\n" in output
    assert f"Created test timer: {timer['id']}\n" in output
    assert output.endswith("Received 1 webhooks\n")
    assert "'message': 'Test webhook delivered successfully!'" in output
    assert "'data': {'test': True, 'timestamp': '2024-01-15T10:30:00Z'}" in output


@SEED.sample("Error Handling")
def test_a_creation_that_is_tried_again_tells_the_services_own_message_when_it_gives_up(stage, sample):
    call = "console.log(JSON.stringify(await createTimerWithRetry({ name: 'Patient', duration: '1h' })));"
    assert json.loads(stage.run(sample, after=call))["timer"]["id"] == stage.only_timer()["id"]

    problem = stage.api.post("/timers", {"name": "Patient"}).json()
    complaint = stage.fails(sample, after="await createTimerWithRetry({ name: 'Patient' }, 2);")
    for attempt in (1, 2):
        assert f"Attempt {attempt} failed: API Error: {problem['error']['message']}\n" in complaint
    assert f"Failed to create timer after 2 attempts: API Error: {problem['error']['message']}" in complaint
    assert list(stage.timers()) == ["Patient"]


@SEED.sample("Environment Configuration")
def test_environment_file_configures_the_server_and_its_callers(stage, start_server, receiver, sample, tmp_path):
    # The file alone, without the stage's own key and address.
    lines = [line for line in sample.text.splitlines() if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines)
    server = start_server(environment=settings)
    assert server.api.webhook_secret() == "your_webhook_verification_secret"

    create = """
curl -sf -X POST $MINOOTS_BASE_URL/timers -H "x-api-key: $MINOOTS_API_KEY" -d '{
  "duration": "'$DEFAULT_TIMER_DURATION'",
  "message": "from a script",
  "webhook": "'$PAGERDUTY_WEBHOOK_URL'"
}'
"""
    stage.server = server
    answer = stage.run(sample, before="unset ${!MINOOTS_*}", after=create)
    assert json.loads(answer)["timer"]["duration"] == 30 * MINUTE
    server.api.fire(json.loads(answer)["timer"])
    assert told(receiver.one())[:2] == ("/events.pagerduty.com/integration/YOUR/INTEGRATION/KEY", "from a script")

    test_mode = start_server("--api-key", settings["MINOOTS_TEST_API_KEY"])
    assert test_mode.api.key == "mnt_test_your_test_key"
    assert test_mode.api.create()["status"] == "running"


@SEED.sample("Webhook Security")
def test_flask_receiver_lacks_its_app_and_then_takes_what_is_signed_with_its_secret_only(stage, sample):
    assert "name 'app' is not defined" in stage.fails(sample)
    port, address = listener()
    before = """
import os
from flask import Flask, request
app = Flask(__name__)
WEBHOOK_SECRET = os.environ['WEBHOOK_SECRET']
def handle_timer_expiration(timer):
    print('handled', timer['id'])
"""
    after = f"app.run(port={port})"
    events = {"on_expire": {"webhook": f"{address}/minoots-webhook", "message": "Grüße 🚀", "data": {"ratio": 1.0}}}
    for secret, status in ((stage.api.webhook_secret(), 200), ("another", 401)):
        stage.environment["WEBHOOK_SECRET"] = secret
        with stage.serving(sample, port, before=before, after=after) as read:
            timer = stage.api.fire(stage.api.create(events=events))
            assert stage.verdict(timer) == status
            assert (f"handled {timer['id']}" in read()) == (status == 200)


def test_no_example_of_the_document_is_left_out():
    assert SEED.unclaimed() == []
