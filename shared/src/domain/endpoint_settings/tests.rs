use super::*;
use crate::domain::account::Mode;
use crate::domain::ids::AccountId;

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

fn new(body: &str) -> Result<Endpoint, Faults> {
    let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
    let secret = WebhookSecret::generate(&[7; 32]);
    parse_new(&json(body), &scope, EndpointId::new("whk_1"), secret, Timestamp(1_000), &UrlPolicy::strict())
}

fn plain() -> Endpoint {
    new(r#"{"name": "n", "url": "https://a.example/", "events": ["a.b"]}"#).unwrap()
}

fn change(before: &Endpoint, body: &str) -> Result<Endpoint, Faults> {
    parse_change(&json(body), before, Timestamp(2_000), &UrlPolicy::strict())
}

fn paths(faults: &Faults) -> Vec<&str> {
    faults.list().iter().map(|fault| fault.path.as_str()).collect()
}

#[test]
fn an_endpoint_with_only_what_is_required_has_the_timers_retry_plan_and_30_seconds() {
    let endpoint = plain();
    assert_eq!(endpoint.plan, RetryPlan::TIMER);
    assert_eq!(endpoint.timeout, Millis::seconds(30));
    assert!(endpoint.active && endpoint.payload_format == PayloadFormat::Javascript);
}

#[test]
fn every_fault_is_named_and_a_bad_url_has_its_own_code() {
    let faults = new(r#"{"name": "", "events": ["a", "b.*", 7], "maxRetries": 11, "retryDelay": 0.5, "timeout": "5",
        "payloadFormat": "perl", "format": "xml", "active": 1, "headers": {"host": "x"}, "description": 5}"#);
    assert_eq!(
        paths(&faults.unwrap_err()),
        [
            "name",
            "url",
            "events[0]",
            "events[2]",
            "description",
            "headers.host",
            "maxRetries",
            "retryDelay",
            "timeout",
            "payloadFormat",
            "format",
            "active"
        ]
    );
    let local = new(r#"{"name": "n", "url": "https://localhost/", "events": ["a.b"]}"#).unwrap_err();
    assert_eq!(local.list()[0].code, FaultCode::InvalidWebhookUrl);
    assert_eq!(paths(&new("{}").unwrap_err()), ["name", "url", "events"]);
    assert_eq!(paths(&new(r#"{"name": "n", "url": "https://a.example/", "events": []}"#).unwrap_err()), ["events"]);
}

#[test]
fn a_change_leaves_alone_what_it_does_not_name_and_null_returns_to_the_default() {
    let before =
        change(&plain(), r#"{"description": "d", "maxRetries": 0, "headers": {"x-a": "1"}, "format": "slack"}"#);
    let before = before.unwrap();
    assert_eq!((before.name.as_str(), before.plan.attempts, before.revision), ("n", 1, 1));
    let after =
        change(&before, r#"{"description": null, "maxRetries": null, "headers": null, "format": null}"#).unwrap();
    assert_eq!(Endpoint { updated_at: plain().updated_at, revision: 0, ..after }, plain(), "all is as it was made");
    assert_eq!(
        paths(&change(&before, r#"{"name": null, "url": null, "events": null}"#).unwrap_err()),
        ["name", "url", "events"]
    );
}

#[test]
fn activating_again_forgets_why_the_service_deactivated_it_and_what_failed_before() {
    let disabled = plain().disabled(Timestamp(1_500), "gone").unwrap();
    assert!(!disabled.may_be_sent_to());
    let again = change(&disabled, r#"{"active": true}"#).unwrap();
    assert!(again.active && again.may_be_sent_to() && again.disabled_reason.is_none());
    let long = crate::domain::endpoint::PATIENCE;
    assert!(!again.has_failed_too_long(Some(Timestamp(0)), Timestamp(1_999).plus(long)));
    assert!(again.has_failed_too_long(Some(Timestamp(0)), Timestamp(2_000).plus(long)));
    assert!(!again.has_failed_too_long(None, Timestamp(2_000).plus(long)));
}

#[test]
fn what_its_owner_deactivated_still_gets_what_was_accepted_before() {
    let paused = change(&plain(), r#"{"active": false}"#).unwrap();
    assert!(!paused.takes("a.b") && paused.may_be_sent_to());
    assert_eq!(change(&plain(), r#"{"active": true}"#).unwrap().active_since, plain().active_since);
}
