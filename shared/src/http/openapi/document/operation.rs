//! How one operation is described.

use super::errors;
use super::schemas::Schemas;
use crate::http::problem::Code;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// An operation: built up step by step, and then written.
pub(super) struct Operation<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    schemas: &'a Schemas,
    described: Map<String, Value>,
    parameters: Vec<Value>,
    responses: BTreeMap<u16, Value>,
    errors: Vec<(StatusCode, Code)>,
}

/// What a request carries: a name, a sentence, and the body.
pub(super) type Sample = (&'static str, &'static str, Value);

impl<'a> Operation<'a> {
    /// An operation that asks for a key. `summary` is one plain sentence.
    pub(super) fn new(
        schemas: &'a Schemas,
        (method, path): (&'static str, &'static str),
        (id, tag): (&str, &str),
        summary: &str,
    ) -> Self {
        let described = json!({"operationId": id, "tags": [tag], "summary": summary});
        let Value::Object(described) = described else { unreachable!("just made") };
        let mut operation = Self {
            method,
            path,
            schemas,
            described,
            parameters: Vec::new(),
            responses: BTreeMap::new(),
            errors: Vec::new(),
        };
        if path.contains("{id}") {
            operation.parameters.push(json!({
                "name": "id", "in": "path", "required": true,
                "description": format!("The id of the {}.", whose(path)),
                "schema": {"type": "string", "minLength": 1},
            }));
            operation = operation.fails(&[Code::InvalidRequest]);
        }
        operation.fails(&[
            Code::AuthRequired,
            Code::InvalidApiKey,
            Code::RateLimitExceeded,
            Code::InternalError,
            Code::ServiceUnavailable,
        ])
    }

    /// More about it than its summary.
    pub(super) fn about(mut self, text: &str) -> Self {
        self.described.insert("description".to_owned(), text.into());
        self
    }

    /// It serves callers without a key too.
    pub(super) fn without_key(mut self) -> Self {
        self.errors.retain(|(_, code)| *code != Code::AuthRequired);
        self.described.insert("security".to_owned(), json!([{}, {"apiKey": []}, {"bearer": []}]));
        self
    }

    /// A parameter of the query.
    pub(super) fn query(mut self, name: &str, about: &str, schema: Value) -> Self {
        self.parameters.push(json!({"name": name, "in": "query", "description": about, "schema": schema}));
        if !self.errors.iter().any(|(_, code)| *code == Code::InvalidRequest) {
            self = self.fails(&[Code::InvalidRequest]);
        }
        self
    }

    /// It gives a list in pages.
    pub(super) fn in_pages(self) -> Self {
        let limit = json!({"type": "integer", "minimum": 1, "default": 50});
        let cursor = json!({"type": "string", "format": "minoots-cursor"});
        self.query(
            "limit",
            "How many there are on a page: 50 by default, at most 100; a larger number counts as 100.",
            limit,
        )
        .query("cursor", "Where the page begins: `nextCursor` of the page before.", cursor)
    }

    /// It takes a body, with these samples.
    pub(super) fn takes<T: JsonSchema>(self, samples: &[Sample]) -> Self {
        let schema = self.schemas.request::<T>();
        self.body(schema, true, samples)
    }

    /// It takes a body that may be left out.
    pub(super) fn may_take<T: JsonSchema>(self, samples: &[Sample]) -> Self {
        let schema = self.schemas.request::<T>();
        self.body(schema, false, samples)
    }

    fn body(mut self, schema: Value, required: bool, samples: &[Sample]) -> Self {
        let examples =
            samples.iter().map(|(name, about, value)| ((*name).to_owned(), json!({"summary": about, "value": value})));
        let content = json!({"schema": schema, "examples": examples.collect::<Map<_, _>>()});
        let body = json!({"required": required, "content": {"application/json": content}});
        self.described.insert("requestBody".to_owned(), body);
        self.errors.push((StatusCode::REQUEST_TIMEOUT, Code::InvalidRequest));
        self.fails(&[Code::PayloadTooLarge]).invalid()
    }

    fn invalid(self) -> Self {
        if self.errors.contains(&(StatusCode::BAD_REQUEST, Code::InvalidRequest)) {
            self
        } else {
            self.fails(&[Code::InvalidRequest])
        }
    }

    /// It creates something: an `Idempotency-Key` makes it safe to repeat.
    pub(super) fn creates(mut self) -> Self {
        self.parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
        self.fails(&[Code::IdempotencyKeyReused]).invalid()
    }

    /// A success, which says so; `example` is what the code itself writes.
    pub(super) fn answers<T: JsonSchema>(self, status: u16, name: &str, about: &str, example: Vec<u8>) -> Self {
        let schema = self.schemas.answer::<T>(name);
        self.answer(status, schema, about, &example)
    }

    /// A success without a flag, or one whose flag says something else.
    pub(super) fn answers_bare<T: JsonSchema>(self, status: u16, name: &str, about: &str, example: Vec<u8>) -> Self {
        let schema = self.schemas.bare_answer::<T>(name);
        self.answer(status, schema, about, &example)
    }

    fn answer(mut self, status: u16, schema: Value, about: &str, example: &[u8]) -> Self {
        let example: Value = serde_json::from_slice(example).unwrap();
        let content = json!({"application/json": {"schema": schema, "example": example}});
        self.responses.insert(status, json!({"description": about, "content": content}));
        self
    }

    /// It can fail with these codes, beside those that every operation can fail with.
    pub(super) fn fails(mut self, codes: &[Code]) -> Self {
        for code in codes {
            let (_, status, _) = *Code::ALL.iter().find(|(known, ..)| known == code).unwrap();
            self.errors.push((status, *code));
        }
        self
    }

    /// The operation as the document has it. Error answers go into `responses`, for operations share them.
    pub(super) fn written(mut self, responses: &mut Map<String, Value>) -> Value {
        // In the order of the page that explains them.
        for (_, status, _) in Code::ALL.into_iter().chain([(Code::InvalidRequest, StatusCode::REQUEST_TIMEOUT, "")]) {
            let is_wanted = |code: &Code| self.errors.contains(&(status, *code));
            let codes: Vec<_> = Code::ALL.into_iter().map(|(code, ..)| code).filter(is_wanted).collect();
            if codes.is_empty() {
                continue;
            }
            let (name, response) = errors::response(status, &codes);
            self.responses.insert(status.as_u16(), json!({"$ref": format!("#/components/responses/{name}")}));
            responses.insert(name, response);
        }
        if self.parameters.iter().any(|parameter| parameter["$ref"].is_string()) {
            for (_, response) in self.responses.iter_mut().filter(|(status, _)| (200..300).contains(*status)) {
                response["headers"] =
                    json!({"Idempotent-Replayed": {"$ref": "#/components/headers/IdempotentReplayed"}});
            }
        }
        if !self.parameters.is_empty() {
            self.described.insert("parameters".to_owned(), self.parameters.into());
        }
        // The body before the answers, as it is read.
        let body = self.described.shift_remove("requestBody");
        self.described.extend(body.map(|body| ("requestBody".to_owned(), body)));
        let responses = self.responses.into_iter().map(|(status, response)| (status.to_string(), response));
        self.described.insert("responses".to_owned(), Value::Object(responses.collect()));
        Value::Object(self.described)
    }
}

/// What the `{id}` in a path names.
fn whose(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("timers") => "timer",
        Some("webhooks") => "webhook",
        Some("deliveries") => "delivery",
        _ => "key; not the key itself",
    }
}
