//! The tools: what each takes, and the call of the API that it is.

use super::text;
use crate::cli::client::{path, with_query};
use crate::cli::{Client, Failure};
use minoots_shared::domain::json::{Json, Object};
use reqwest::Method;
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// All tools, in the order in which an agent needs them.
pub(super) fn all() -> Vec<Tool> {
    let id = json!({"type": "string", "description": "The timer's id, as timer_…"});
    let duration = json!({"type": "string", "description": "How long, as 90s, 15m, 6h30m"});
    let expires_at = json!({"type": "string", "description": "The instant of its end in place of a duration, as 2030-01-01T00:00:00Z"});
    let name = json!({"type": "string", "description": "What it is for, in a few words"});
    let metadata = json!({"type": "object", "description": "Anything that you want to find in it again"});
    let reads = || ToolAnnotations::new().read_only(true).open_world(false);
    let adds = || ToolAnnotations::new().read_only(false).destructive(false).open_world(false);
    vec![
        tool(
            "create_timer",
            "Start a timer. Give a duration or expires_at, and a name that says what it is for. Returns the timer with its id.",
            json!({
                "duration": duration, "expires_at": expires_at, "name": name,
                "message": {"type": "string", "description": "Sent with the webhook at its end"},
                "webhook": {"type": "string", "description": "A URL that is called at its end"},
                "agent_id": {"type": "string", "description": "Who you are, to find your timers by"},
                "team": {"type": "string", "description": "Your team, to find its timers by"},
                "metadata": metadata,
            }),
            &[],
            adds(),
        ),
        tool(
            "list_timers",
            "List timers, newest first.",
            json!({
                "status": {"type": "string", "enum": ["running", "paused", "expired", "cancelled"]},
                "agent_id": {"type": "string", "description": "Only this agent's"},
                "team": {"type": "string", "description": "Only this team's"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100, "description": "How many at most, 20 by default"},
                "cursor": {"type": "string", "description": "The nextCursor of the page before"},
            }),
            &[],
            reads(),
        ),
        tool(
            "get_timer",
            "See one timer: how much is left, whether it has ended, and what became of its webhooks.",
            json!({"id": id}),
            &["id"],
            reads(),
        ),
        tool(
            "change_timer",
            "Change a timer that has not ended: move its end (one of duration from now, expires_at, extend), pause or resume it, rename it.",
            json!({
                "id": id, "duration": duration, "expires_at": expires_at, "name": name, "metadata": metadata,
                "extend": {"type": "string", "description": "Move its end by this much: 15m later, -5m earlier"},
                "paused": {"type": "boolean", "description": "true freezes what is left, false lets it go on"},
            }),
            &["id"],
            adds(),
        ),
        tool(
            "cancel_timer",
            "End a timer before its time, when it is no longer needed.",
            json!({"id": id, "reason": {"type": "string", "description": "Why"}}),
            &["id"],
            ToolAnnotations::new().read_only(false).destructive(true).idempotent(true).open_world(false),
        ),
        tool(
            "wait_for_timer",
            "Wait until a timer ends, at most for the given time. Returns the timer and whether it has ended; if it has not, call again.",
            json!({
                "id": id,
                "timeout": {"type": "string", "description": "How long to wait at most, as 30s or 5m; 50s by default, because many clients give up after a minute"},
            }),
            &["id"],
            reads(),
        ),
    ]
}

fn tool(
    name: &'static str,
    description: &'static str,
    properties: Value,
    required: &[&str],
    about: ToolAnnotations,
) -> Tool {
    let schema =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new(name, description, Arc::new(schema)).with_annotations(about)
}

/// Whether the arguments are those that the tool's schema names, of their types; and else what is wrong.
pub(super) fn check(tool: &Tool, arguments: &Map<String, Value>) -> Result<(), String> {
    let properties = tool.input_schema["properties"].as_object();
    for (name, value) in arguments {
        let Some(property) = properties.and_then(|known| known.get(name)) else {
            let known: Vec<&str> = properties.iter().flat_map(|known| known.keys()).map(String::as_str).collect();
            return Err(format!("{} takes no {name}; it takes {}", tool.name, known.join(", ")));
        };
        let wanted = property["type"].as_str().unwrap_or_default();
        let fits = match wanted {
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            _ => value.is_object(),
        };
        if !fits {
            return Err(format!("{name} must be of type {wanted}"));
        }
    }
    let required = tool.input_schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    match required.iter().filter_map(Value::as_str).find(|name| !arguments.contains_key(*name)) {
        Some(missing) => Err(format!("{missing} is required")),
        None => Ok(()),
    }
}

/// Does what a tool is for.
pub(super) async fn call(client: &Client, name: &str, arguments: &Map<String, Value>) -> Result<Value, Failure> {
    let id = text(arguments, "id").unwrap_or_default();
    let at = |after: &str| path("/timers/", id, after);
    let answer = match name {
        "create_timer" => client.post("/timers", body(arguments)).await?,
        "list_timers" => {
            let given = |name: &str| text(arguments, name).map(str::to_owned);
            let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(20);
            let wanted = [
                ("status", given("status")),
                ("agent_id", given("agent_id")),
                ("team", given("team")),
                ("limit", Some(limit.to_string())),
                ("cursor", given("cursor")),
            ];
            let mut page = client.get(&with_query("/timers", &wanted)).await?.value;
            let timers = page["timers"].take();
            return Ok(json!({"timers": timers, "nextCursor": page["nextCursor"]}));
        }
        "get_timer" => {
            let mut found = client.get(&at("")).await?.value;
            return Ok(json!({"timer": found["timer"].take(), "deliveries": found["deliveries"].take()}));
        }
        "cancel_timer" => client.call(Method::DELETE, &at(""), Some(Json::Object(body(arguments)))).await?,
        _ => {
            let change = body(arguments);
            let mut changed = None;
            if !change.is_empty() {
                changed = Some(client.call(Method::PATCH, &at(""), Some(Json::Object(change))).await?);
            }
            match arguments.get("paused").and_then(Value::as_bool) {
                Some(true) => client.post(&at("/pause"), Object::new()).await?,
                Some(false) => client.post(&at("/resume"), Object::new()).await?,
                None => match changed {
                    Some(changed) => changed,
                    // Nothing to change: as it is.
                    None => client.get(&at("")).await?,
                },
            }
        }
    };
    Ok(json!({"timer": answer.value["timer"]}))
}

/// The request that arguments stand for.
fn body(arguments: &Map<String, Value>) -> Object {
    let mut body = Object::new();
    for (name, value) in arguments.iter().filter(|(name, _)| !["id", "paused"].contains(&name.as_str())) {
        let name = if name == "expires_at" { "expiresAt" } else { name };
        // What serde_json wrote can be read.
        if let Ok(value) = Json::parse(value.to_string().as_bytes()) {
            body.insert(name.to_owned(), value);
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: &str, arguments: Value) -> Result<(), String> {
        let tool = all().into_iter().find(|tool| tool.name == name).unwrap();
        check(&tool, arguments.as_object().unwrap())
    }

    #[test]
    fn arguments_that_are_missing_unknown_or_of_another_type_are_named() {
        assert_eq!(checked("get_timer", json!({"id": "t"})), Ok(()));
        assert!(checked("get_timer", json!({})).unwrap_err().contains("id is required"));
        assert!(checked("get_timer", json!({"id": 1})).unwrap_err().contains("id must be of type string"));
        assert!(
            checked("create_timer", json!({"length": "1h"})).unwrap_err().contains("takes duration")
                || checked("create_timer", json!({"length": "1h"})).unwrap_err().contains("duration")
        );
        assert!(checked("list_timers", json!({"limit": -1})).is_err());
    }

    #[test]
    fn a_body_holds_what_the_api_calls_it() {
        let given = json!({"id": "t", "expires_at": "2030-01-01T00:00:00Z", "paused": true, "metadata": {"a": 1}});
        let body = Json::Object(body(given.as_object().unwrap())).to_compact();
        assert_eq!(body, r#"{"expiresAt":"2030-01-01T00:00:00Z","metadata":{"a":1}}"#);
    }
}
