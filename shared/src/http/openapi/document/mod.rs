//! The OpenAPI document, generated from the code: schemas from the types that answers are written from, examples from the
//! functions that write them, error codes from their table and their page, event types from the catalogue.

mod account;
mod errors;
mod operation;
mod requests;
mod samples;
mod schemas;
mod sent;
mod timer_requests;
mod timers;
mod webhooks;
mod written;

use crate::http::operations::OPERATIONS;
use crate::http::problem::Document;
use schemas::Schemas;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const ABOUT: &str = "\
Timers and webhooks without a server to run. `POST /timers {\"duration\": \"6h30m\", …}`, and at the right second a signed webhook arrives: \
at each milestone, at expiry, on cancellation; retried until it is taken.

Every route is served at the root and under `/api`. Show a key in `x-api-key` or as `Authorization: Bearer`; a key that begins with \
`mnt_test_` sees test data only. Bodies are JSON, whatever the Content-Type says. Times are ISO 8601 in UTC in `…At` fields and epoch \
milliseconds in `startTime` and `endTime`; durations in answers are milliseconds.

Every error is a problem document (RFC 9457) with a code under `error.code`. Unknown paths answer 404 `NOT_FOUND`, other methods 405 \
`METHOD_NOT_ALLOWED`.";

const TAGS: [(&str, &str); 7] = [
    ("Timers", "Create, read, change and end timers."),
    ("Webhooks", "Endpoints: URLs that subscribe to events."),
    ("Deliveries", "What became of each webhook, and sending it again."),
    ("Events", "Tell endpoints what happened."),
    ("Account", "API keys, the webhook secret, usage."),
    ("Service", "Whether it is there."),
    ("Sent webhooks", "What receivers get: one `POST` for each event and URL."),
];

/// The whole document.
fn document() -> Value {
    let schemas = Schemas::new();
    let (mut paths, mut responses) = (Map::new(), Map::new());
    let operations = [timers::operations(&schemas), webhooks::operations(&schemas), account::operations(&schemas)]
        .into_iter()
        .flatten();
    for operation in operations {
        let (path, method) = (operation.path, operation.method);
        let known = &mut paths.entry(path).or_insert(json!({}))[method];
        assert!(known.is_null(), "{method} {path} is described twice");
        *known = operation.written(&mut responses);
    }
    schemas.sent::<Document<'_>>();
    let webhooks = sent::webhooks(&schemas);
    let mut parameters = Map::from_iter([(
        "IdempotencyKey".to_owned(),
        json!({
            "name": "Idempotency-Key", "in": "header",
            "description": "Makes the call safe to repeat for 24 hours: the same key with the same body answers the first answer again, \
                            without secrets; with another body it is refused. 1 to 255 bytes.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }),
    )]);
    parameters.extend(sent::headers());
    responses.sort_keys();
    let mut components = schemas.into_components();
    components["EventPayload"] = sent::event_payload();
    components["ErrorCode"]["description"] = errors::all().into();
    components.as_object_mut().unwrap().sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Minoots",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Timers and webhooks without a server to run",
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/api", "description": "The service that this document comes from"}],
        "security": [{"apiKey": []}, {"bearer": []}],
        "tags": TAGS.iter().map(|(name, about)| json!({"name": name, "description": about})).collect::<Vec<_>>(),
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "`mnt_live_…` or `mnt_test_…`"},
                "bearer": {"type": "http", "scheme": "bearer", "description": "The same key as `Authorization: Bearer KEY`."},
            },
            "parameters": parameters,
            "headers": {"IdempotentReplayed": {
                "description": "`true` on an answer that was given before to the same `Idempotency-Key`.",
                "schema": {"type": "string", "const": "true"},
            }},
            "responses": responses,
            "schemas": components,
        },
    })
}

#[test]
fn what_is_committed_is_what_the_code_says() {
    let (path, said) =
        (concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/openapi/openapi.json"), written::written(&document()));
    if std::env::var_os("MINOOTS_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &said).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    let differs = committed.lines().zip(said.lines()).find(|(committed, said)| committed != said);
    assert!(
        committed == said,
        "openapi.json is not what the code says: run make openapi. It differs first in {differs:?}"
    );
}

#[test]
fn every_operation_of_the_router_is_described_and_no_other() {
    let document = document();
    let described: BTreeSet<(&str, &str)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (method.as_str(), path.as_str()))
        })
        .collect();
    // `batch` as a timer's id is described by `/timers/{id}`.
    let alias = |(method, path): &(&str, &str)| *path == "/timers/batch" && *method != "post";
    let routed: BTreeSet<_> = OPERATIONS.iter().copied().filter(|operation| !alias(operation)).collect();
    assert_eq!(described, routed);
    assert_eq!(OPERATIONS.len(), routed.len() + 3);
}

#[test]
fn operations_have_names_of_their_own_and_one_plain_sentence_each() {
    let document = document();
    let mut names = BTreeSet::new();
    for section in ["paths", "webhooks"] {
        let methods =
            document[section].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
        for operation in methods {
            let (name, summary) = (operation["operationId"].as_str().unwrap(), operation["summary"].as_str().unwrap());
            assert!(names.insert(name.to_owned()), "{name} is used twice");
            assert!(summary.ends_with('.') && !summary[..summary.len() - 1].contains(". "), "{summary}");
        }
    }
}

/// Fields without a word are as good as undocumented.
#[test]
fn every_field_says_what_it_is() {
    fn silent(schema: &Value, at: &str, found: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            let refers = |schema: &Value| schema["$ref"].is_string();
            let either = property["anyOf"].as_array().is_some_and(|choices| choices.iter().any(refers));
            let is_flag = matches!(name.as_str(), "success" | "data");
            if !(property["description"].is_string()
                || refers(property)
                || either
                || is_flag
                || property["items"]["$ref"].is_string())
            {
                found.push(at.clone());
            }
            silent(property, &at, found);
        }
    }
    let (document, mut found) = (document(), Vec::new());
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        silent(schema, name, &mut found);
    }
    assert_eq!(found, Vec::<String>::new());
}
