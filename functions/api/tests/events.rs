//! The API's binary, given what gateways hand it.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use minoots_emulator::{Function, KEY, Stack};
use minoots_shared::domain::ids::TimerId;
use minoots_shared::ports::Store as _;
use serde_json::{Value, json};

async fn api(stack: &Stack) -> Function {
    Function::start(env!("CARGO_BIN_EXE_api"), stack.environment()).await
}

/// An HTTP API's event, payload format 2.0.
fn http_api(method: &str, path: &str, stage: &str, body: Option<&str>) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"x-api-key": KEY, "host": "abc.execute-api.eu-west-1.amazonaws.com", "content-type": "text/plain"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc", "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "abc", "requestId": "r", "routeKey": "$default", "stage": stage,
            "time": "24/Nov/2026:06:00:00 +0000", "timeEpoch": 1_795_500_000_000_u64,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"}
        },
        "body": body,
        "isBase64Encoded": false
    })
}

fn body(answer: &Value) -> Value {
    assert_eq!(answer["isBase64Encoded"], false, "{answer}");
    serde_json::from_str(answer["body"].as_str().expect("it has a body")).expect("the body is JSON")
}

#[tokio::test]
async fn a_near_timer_is_stored_and_waits_in_the_due_queue_and_a_far_one_in_a_schedule() {
    let stack = Stack::deploy().await;
    let api = api(&stack).await;
    let near =
        api.invoke(http_api("POST", "/timers", "$default", Some(r#"{"id":"near","duration":"90s"}"#))).await.unwrap();
    assert_eq!(near["statusCode"], 201, "{near}");
    assert_eq!(body(&near)["timer"]["id"], "near");
    assert_eq!(stack.counts(&stack.due_queue).await, [0, 1, 0]);
    let far = r#"{"id":"far","duration":"2h","events":{"on_progress":{"intervals":["50%","-30m"]}}}"#;
    let far = api.invoke(http_api("POST", "/api/timers", "$default", Some(far))).await.unwrap();
    assert_eq!(far["statusCode"], 201, "{far}");
    let schedules = async || {
        let listed = stack.clients.scheduler.list_schedules().group_name(&stack.group).send().await.unwrap();
        listed.schedules.len()
    };
    assert_eq!(schedules().await, 3);
    assert_eq!(stack.counts(&stack.due_queue).await, [0, 1, 0]);
    assert!(stack.store.timer(&stack.scope(), &TimerId::new("far")).await.unwrap().is_some());
    let cancelled = api.invoke(http_api("DELETE", "/timers/far", "$default", None)).await.unwrap();
    assert_eq!(cancelled["statusCode"], 200, "{cancelled}");
    assert_eq!(schedules().await, 0);
}

#[tokio::test]
async fn every_gateway_leads_to_the_same_answers_whatever_its_stage() {
    let stack = Stack::deploy().await;
    let api = api(&stack).await;
    let create = |id: &str| format!(r#"{{"id":"{id}","duration":"1h"}}"#);
    // An HTTP API with a named stage shows it in the path.
    let answer = api.invoke(http_api("POST", "/prod/timers", "prod", Some(&create("v2")))).await.unwrap();
    assert_eq!((&answer["statusCode"], &body(&answer)["timer"]["id"]), (&json!(201), &json!("v2")));
    // A REST API does not.
    let rest = json!({
        "resource": "/{proxy+}", "path": "/timers", "httpMethod": "POST",
        "headers": {"X-API-Key": KEY, "Host": "abc.execute-api.eu-west-1.amazonaws.com"},
        "multiValueHeaders": {"X-API-Key": [KEY], "Host": ["abc.execute-api.eu-west-1.amazonaws.com"]},
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": {"proxy": "timers"},
        "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc", "httpMethod": "POST", "path": "/prod/timers", "stage": "prod",
            "protocol": "HTTP/1.1", "requestId": "r", "resourceId": "x", "resourcePath": "/{proxy+}",
            "identity": {"sourceIp": "192.0.2.1"}
        },
        "body": create("v1"), "isBase64Encoded": false
    });
    let answer = api.invoke(rest).await.unwrap();
    assert_eq!((&answer["statusCode"], &body(&answer)["timer"]["id"]), (&json!(201), &json!("v1")));
    // A function URL has no stage; its body comes encoded if its type is not a text's.
    let mut url = http_api("POST", "/timers", "$default", Some("eyJpZCI6InVybCIsImR1cmF0aW9uIjoiMWgifQ=="));
    url["isBase64Encoded"] = json!(true);
    url["requestContext"]["domainName"] = json!("abc.lambda-url.eu-west-1.on.aws");
    let answer = api.invoke(url).await.unwrap();
    assert_eq!((&answer["statusCode"], &body(&answer)["timer"]["id"]), (&json!(201), &json!("url")));
    let mut list = http_api("GET", "/prod/timers", "prod", None);
    list["rawQueryString"] = json!("limit=2");
    let listed = body(&api.invoke(list).await.unwrap());
    assert_eq!((&listed["count"], listed["nextCursor"].is_string()), (&json!(2), true));
}

#[tokio::test]
async fn what_is_refused_is_refused_in_the_contracts_form() {
    let stack = Stack::deploy().await;
    let api = api(&stack).await;
    let mut unknown = http_api("GET", "/timers", "$default", None);
    unknown["headers"]["x-api-key"] = json!("mnt_live_unknown");
    for (event, status, code) in [
        (unknown, 401, "INVALID_API_KEY"),
        (http_api("GET", "/timers/none", "$default", None), 404, "TIMER_NOT_FOUND"),
        (http_api("POST", "/timers", "$default", Some(r#"{"duration":"soon"}"#)), 400, "INVALID_DURATION"),
        (http_api("GET", "/nowhere", "$default", None), 404, "NOT_FOUND"),
    ] {
        let answer = api.invoke(event).await.unwrap();
        assert_eq!(
            (&answer["statusCode"], &body(&answer)["error"]["code"]),
            (&json!(status), &json!(code)),
            "{answer}"
        );
        assert_eq!(answer["headers"]["content-type"], "application/problem+json");
    }
}

#[test]
fn a_function_that_is_not_configured_says_what_is_missing_and_does_not_start() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_api")).env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    for name in ["TABLE_NAME", "DUE_QUEUE_URL", "SCHEDULER_ROLE_ARN"] {
        assert!(said.contains(&format!("{name} is not set")), "{said}");
    }
}

#[tokio::test]
async fn the_dashboard_is_served_as_text_behind_a_stage_and_knows_that_it_is_deployed() {
    let stack = Stack::deploy().await;
    let api = api(&stack).await;
    let page = api.invoke(http_api("GET", "/prod/dashboard", "prod", None)).await.unwrap();
    assert_eq!((&page["statusCode"], &page["isBase64Encoded"]), (&json!(200), &json!(false)), "{page}");
    let text = page["body"].as_str().unwrap();
    assert!(text.contains("data-server=\"deployed\""), "{text}");
    assert!(
        page["headers"]["content-security-policy"].as_str().unwrap().contains("require-trusted-types-for"),
        "{page}"
    );
    for (_, rest) in text.match_indices("=\"dashboard/").map(|(at, _)| text.split_at(at + 2)) {
        let file = format!("/prod/{}", rest.split('"').next().unwrap());
        let served = api.invoke(http_api("GET", &file, "prod", None)).await.unwrap();
        assert_eq!((&served["statusCode"], &served["isBase64Encoded"]), (&json!(200), &json!(false)), "{file}");
    }
    // What only `minoots dev` has is not there.
    let changes = api.invoke(http_api("GET", "/prod/dashboard/changes", "prod", None)).await.unwrap();
    assert_eq!(changes["statusCode"], 404, "{changes}");
}
