//! What one account can learn of another, by every route and method there is: nothing. Another account's ids are answered
//! as ids that nobody has, byte for byte; and so are a live key's ids to a test key.

#![allow(clippy::unwrap_used, reason = "where the machine can't be had, the test fails")]

mod routes;
mod tenant;

use routes::{METHODS, Route};
use tenant::{Answer, Machine, Tenant};

/// Ids of the form that the service gives, which nobody has.
fn nobodys(path: &str, id: &str) -> String {
    let unknown = match path.split('/').find(|segment| !segment.is_empty() && *segment != "api") {
        Some("timers") => "timer_01a20d00000071bfb31e1555f250a89b",
        Some("webhooks") => "whk_01a20d00000071bfb31e1555f250a89b",
        Some("deliveries") => "del_00000000000000000000000000000000",
        Some("account") => "key_01a20d00000071bfb31e1555f250a89b",
        _ => panic!("{path} is new here: say what ids it takes"),
    };
    assert_ne!(unknown, id);
    unknown.to_owned()
}

/// Bodies that some route takes, and some that none does.
const BODIES: [&str; 8] = [
    "",
    "{}",
    "{",
    r#"{"extend": "5m"}"#,
    r#"{"name": "renamed", "reason": "mine now"}"#,
    r#"{"active": false}"#,
    r#"{"overlap": "1h"}"#,
    r#"{"url": "http://127.0.0.1:9/", "events": ["*"], "metadata": {}}"#,
];

/// The same answer, whoever's id it was.
fn anonymous(answer: &Answer, id: &str) -> Answer {
    Answer { body: answer.body.replace(id, "ID"), ..answer.clone() }
}

#[tokio::test]
async fn anothers_ids_are_answered_as_ids_that_nobody_has() {
    let machine = Machine::new().await;
    let theirs = Tenant::new(&machine, "theirs").await;
    let possessions = theirs.possessions().await;
    let before = theirs.everything(&possessions).await;
    let ours = Tenant::new(&machine, "tenant-ours").await;
    let their_test_key = theirs.test_mode().await;
    let mut asked = 0;
    for stranger in [&ours, &their_test_key] {
        for Route { path, .. } in routes::all(&machine.router).iter().filter(|route| route.path.contains("{id}")) {
            for id in possessions.ids_for(path) {
                let unknown = nobodys(path, &id);
                for method in METHODS {
                    for body in BODIES {
                        let found = stranger.call(method, &path.replace("{id}", &id), body).await;
                        let missing = stranger.call(method, &path.replace("{id}", &unknown), body).await;
                        assert_eq!(anonymous(&found, &id), anonymous(&missing, &unknown), "{method} {path} {body}");
                        assert!((400..500).contains(&found.status), "{method} {path} {body}: {found:?}");
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked > 1_000, "{asked} calls are not every route");
    assert_eq!(theirs.everything(&possessions).await, before, "a stranger changed something");
}

#[tokio::test]
async fn no_list_total_or_text_shows_anything_of_anothers() {
    let machine = Machine::new().await;
    let theirs = Tenant::new(&machine, "theirs").await;
    let possessions = theirs.possessions().await;
    let ours = Tenant::new(&machine, "tenant-ours").await;
    let newcomer = Tenant::new(&machine, "tenant-new").await;
    let cursor = possessions.cursor.clone();
    for Route { path, methods } in routes::all(&machine.router) {
        if path.contains("{id}") || !methods.contains(&"GET".to_owned()) {
            continue;
        }
        for query in ["", "?limit=100", "?includeInactive=true", "?status=running", &format!("?cursor={cursor}")] {
            let answer = ours.call("GET", &format!("{path}{query}"), "").await;
            for word in possessions.words() {
                assert!(!answer.body.contains(word), "GET {path}{query} shows {word}: {}", answer.body);
            }
            let empty = newcomer.call("GET", &format!("{path}{query}"), "").await;
            if !path.contains("/account/") {
                assert_eq!(anonymous(&answer, "tenant-ours"), anonymous(&empty, "tenant-new"), "GET {path}{query}");
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_another_has_taken_is_free() {
    let machine = Machine::new().await;
    let theirs = Tenant::new(&machine, "theirs").await;
    let possessions = theirs.possessions().await;
    let before = theirs.everything(&possessions).await;
    let ours = Tenant::new(&machine, "tenant-ours").await;
    // The same id, the same idempotency key and the same body: and still a timer, an event and an endpoint of one's own.
    for (path, body, status) in tenant::CREATIONS {
        let mine = ours.call_once("POST", path, body).await;
        assert_eq!(mine.status, status, "{path}: {mine:?}");
        assert!(!mine.headers.contains_key("idempotent-replayed"), "{path}: {mine:?}");
        for word in possessions.ids() {
            // A timer's and an event's id were chosen, and are the same for both.
            assert!(word.starts_with("chosen") || !mine.body.contains(&word), "{path} shows {word}: {}", mine.body);
        }
    }
    let retried = ours.call("POST", "/webhooks/queue/retry-failed", &possessions.retry()).await;
    assert_eq!(retried.status, 404, "{retried:?}");
    assert_eq!(theirs.everything(&possessions).await, before, "a stranger changed something");
}
