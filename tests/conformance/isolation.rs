//! What one account can learn of another, by every route and method there is: nothing. Another account's ids are answered
//! as ids that nobody has, byte for byte; and so are a live key's ids to a test key.
//!
//! Every route is asked, with every method, because the router is asked for its routes; a new one is asked without
//! anybody's doing.

pub(crate) mod routes;
pub(crate) mod service;
pub(crate) mod tenant;

use futures::StreamExt as _;
use futures::stream::iter;
use routes::METHODS;
use service::Service;
use tenant::{Answer, CREATIONS, Tenant};

/// How many questions are under way at once: an emulator of AWS answers slowly, and many at once as fast as one.
const AT_ONCE: usize = 64;

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

/// An id of the same form and length that nobody has: what it is told apart by is its last character.
fn nobodys(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

/// The same answer, whoever's id it was.
fn anonymous(answer: &Answer, id: &str) -> Answer {
    Answer { body: answer.body.replace(id, "ID"), ..answer.clone() }
}

/// A question about somebody's id.
struct Question<'a> {
    stranger: &'a Tenant,
    method: &'static str,
    path: &'a str,
    id: &'a str,
    body: &'static str,
}

impl Question<'_> {
    /// Its answer is that to the same question about an id that nobody has.
    async fn is_answered_as_if_the_id_were_nobodys(&self) {
        let Self { stranger, method, path, id, body } = self;
        let unknown = nobodys(id);
        let (theirs, unknowns) = (path.replace("{id}", id), path.replace("{id}", &unknown));
        let (found, missing) =
            tokio::join!(stranger.call(method, &theirs, body), stranger.call(method, &unknowns, body));
        assert_eq!(anonymous(&found, id), anonymous(&missing, &unknown), "{method} {theirs} {body}");
        assert!((400..500).contains(&found.status), "{method} {theirs} {body}: {found:?}");
    }
}

pub(crate) async fn anothers_ids_are_answered_as_ids_that_nobody_has(service: &mut Service) {
    let ours = service.tenant("tenant-ours").await;
    let possessions = &service.possessions;
    // `/timers/batch` is a timer's path too, but for the methods that make a batch, and for what it says that it takes.
    let named_batch = [("/timers/{id}", &["GET", "HEAD", "PATCH", "DELETE"][..], vec!["batch".to_owned()])];
    let with_id = service.routes.iter().filter(|route| route.path.contains("{id}"));
    let with_id = with_id.map(|route| (route.path.as_str(), &METHODS[..], possessions.ids_for(&route.path)));
    let places: Vec<_> = with_id.chain(named_batch).collect();
    let mut questions = Vec::new();
    for stranger in [&ours, &service.their_test_key] {
        for (path, methods, ids) in &places {
            for id in ids {
                for &method in *methods {
                    questions.extend(BODIES.map(|body| Question { stranger, method, path, id, body }));
                }
            }
        }
    }
    assert!(questions.len() > 4_000, "{} questions are not every route", questions.len());
    iter(&questions).for_each_concurrent(AT_ONCE, Question::is_answered_as_if_the_id_were_nobodys).await;
}

pub(crate) async fn no_list_total_or_text_shows_anything_of_anothers(service: &mut Service) {
    let ours = service.tenant("tenant-ours").await;
    let newcomer = service.tenant("tenant-none").await;
    let cursor = format!("?cursor={}", service.possessions.cursor);
    let queries = ["", "?limit=100", "?includeInactive=true", "?status=running", &cursor];
    let lists = service.routes.iter().filter(|route| !route.path.contains('{') && route.takes("GET"));
    let asked = lists.flat_map(|route| queries.map(|query| format!("{}{query}", route.path)));
    let (ours, newcomer, words) = (&ours, &newcomer, &service.possessions.words());
    iter(asked)
        .for_each_concurrent(AT_ONCE, async |path| {
            let (answer, empty) = tokio::join!(ours.call("GET", &path, ""), newcomer.call("GET", &path, ""));
            for word in words {
                assert!(!answer.body.contains(word), "GET {path} shows {word}: {}", answer.body);
            }
            // Keys and secrets are everybody's own.
            if !path.contains("/account/") {
                assert_eq!(anonymous(&answer, "tenant-ours"), anonymous(&empty, "tenant-none"), "GET {path}");
            }
        })
        .await;
}

pub(crate) async fn a_name_that_another_has_taken_is_free(service: &mut Service) {
    let ours = service.tenant("tenant-ours").await;
    // The same id, the same idempotency key and the same body: and still a timer, an event and an endpoint of one's own.
    for (path, body, status) in CREATIONS {
        let mine = ours.call_once("POST", path, body).await;
        assert_eq!(mine.status, status, "{path}: {mine:?}");
        assert!(!mine.headers.contains_key("idempotent-replayed"), "{path}: {mine:?}");
        for id in service.possessions.given_ids() {
            assert!(!mine.body.contains(id), "{path} shows {id}: {}", mine.body);
        }
    }
    let endpoint = &service.possessions.endpoint;
    let retry = async |id: &str| {
        let answer = ours.call("POST", "/webhooks/queue/retry-failed", &format!(r#"{{"webhookId": "{id}"}}"#)).await;
        anonymous(&answer, id)
    };
    let (theirs, nobodys) = (retry(endpoint).await, retry(&nobodys(endpoint)).await);
    assert_eq!(theirs, nobodys);
    assert_eq!(theirs.status, 404, "{theirs:?}");
}
