//! `wait_for_timer`: answers when a timer has ended, and says on the way how far it is.

use super::text;
use crate::cli::client::path;
use crate::cli::watch::length;
use crate::cli::{Client, Exit, Failure};
use rmcp::model::ProgressNotificationParam;
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait unless told otherwise.
const DEFAULT: Duration = Duration::from_secs(50);
/// A timer is looked at this often: others may change it.
const GLANCE: Duration = Duration::from_secs(1);
/// And not more often than this when it is about to end.
const SHORTEST: Duration = Duration::from_millis(50);

/// Waits, until the timer ends, the time is up, or the client takes the call back.
pub(super) async fn wait(
    client: &Client,
    arguments: &Map<String, Value>,
    context: &RequestContext<RoleServer>,
) -> Result<Value, Failure> {
    let timeout = match text(arguments, "timeout") {
        Some(timeout) => length(timeout).map_err(|why| Failure::new(Exit::Usage, format!("timeout {why}")))?,
        None => DEFAULT,
    };
    let begun = Instant::now();
    let at = path("/timers/", text(arguments, "id").unwrap_or_default(), "");
    loop {
        let timer = client.get(&at).await?.value["timer"].take();
        let ended = matches!(timer["status"].as_str(), Some("expired" | "cancelled"));
        let left = timeout.saturating_sub(begun.elapsed());
        if ended || left.is_zero() {
            return Ok(json!({"ended": ended, "timer": timer}));
        }
        tell(context, begun.elapsed(), timeout, &timer).await;
        let until_end = timer["timeRemaining"].as_u64().map_or(GLANCE, Duration::from_millis);
        let pause = if timer["status"] == "running" { until_end.clamp(SHORTEST, GLANCE) } else { GLANCE };
        tokio::select! {
            () = tokio::time::sleep(pause.min(left)) => {}
            () = context.ct.cancelled() => return Err(Failure::new(Exit::Cancelled, "the call was taken back")),
        }
    }
}

/// Progress, if the client asked for it. It must rise from call to call, so it is the time waited: a timer's own may fall.
async fn tell(context: &RequestContext<RoleServer>, waited: Duration, timeout: Duration, timer: &Value) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let left = timer["timeRemaining"].as_u64().map(crate::cli::output::span).unwrap_or_default();
    let progress = ProgressNotificationParam::new(token, waited.as_secs_f64())
        .with_total(timeout.as_secs_f64())
        .with_message(format!("{}, {left} left", timer["status"].as_str().unwrap_or_default()));
    // A client that no longer listens is noticed elsewhere.
    let _ = context.peer.notify_progress(progress).await;
}
