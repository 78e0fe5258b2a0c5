//! `/dev/clock`: reads and sets the clock of `minoots dev`. Needs no key, as the inbox does: `visitors` keeps other sites'
//! pages away.

use super::{DevClock, Error, FASTEST, LAST, To};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use minoots_embedded::Standstill;
use minoots_shared::domain::duration;
use minoots_shared::domain::json::{Json, Object};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::http::problem::{Code, Problem};
use std::sync::Arc;

/// How much of a body is taken.
const LARGEST: usize = 4 * 1024;

#[derive(Clone)]
struct Control {
    clock: Arc<DevClock>,
    standstill: Arc<Standstill>,
}

/// The route.
pub(crate) fn router(clock: Arc<DevClock>, standstill: Standstill) -> Router {
    Router::new()
        .route("/dev/clock", get(show).post(set))
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "the clock takes GET and POST: see the Allow header")
        })
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(Control { clock, standstill: Arc::new(standstill) })
}

/// What the clock shows.
async fn show(State(control): State<Control>) -> Response {
    control.clock.answer()
}

/// Moves the clock on, and then lets it go at the speed asked for.
async fn set(State(control): State<Control>, body: Bytes) -> Result<Response, Problem> {
    let wish = Wish::parse(&body, control.clock.now())?;
    let Control { clock, standstill } = control.clone();
    // Its own task: half a way is no good to anybody, even if the caller goes away.
    let setting = tokio::spawn(async move {
        if let Some(to) = wish.to {
            clock.advance(to, &standstill).await?;
        }
        if let Some(speed) = wish.speed {
            clock.set_speed(speed).await?;
        }
        Ok::<(), Error>(())
    });
    match setting.await {
        Ok(Ok(())) => Ok(control.clock.answer()),
        Ok(Err(Error::Store(error))) => Err(error.into()),
        Ok(Err(Error::Kept(error))) => Err(Problem::new(Code::InternalError, error.to_string())),
        Err(_) => Err(Problem::new(Code::InternalError, "the clock could not be set: see the server's log")),
    }
}

/// What a caller asks for.
#[derive(Debug, PartialEq)]
struct Wish {
    to: Option<To>,
    speed: Option<f64>,
}

impl Wish {
    fn parse(body: &[u8], now: Timestamp) -> Result<Self, Problem> {
        const NEEDED: &str = "say {\"advance\":\"6h\"} or {\"to\":\"2030-01-01T00:00:00Z\"}, {\"speed\":60}, or one of the first two with a speed";
        let body = Json::parse(body).map_err(|error| Problem::invalid("", &format!("{error}; {NEEDED}")))?;
        let members = body.as_object().ok_or_else(|| Problem::invalid("", NEEDED))?;
        if let Some((unknown, _)) =
            members.iter().find(|(name, _)| !["advance", "to", "speed"].contains(&name.as_str()))
        {
            return Err(Problem::invalid(unknown, &format!("is nothing that the clock takes: {NEEDED}")));
        }
        let wish = Self { to: to(members, now)?, speed: members.get("speed").map(speed).transpose()? };
        if wish.to.is_none() && wish.speed.is_none() { Err(Problem::invalid("", NEEDED)) } else { Ok(wish) }
    }
}

fn to(members: &Object, now: Timestamp) -> Result<Option<To>, Problem> {
    match (members.get("advance"), members.get("to")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Problem::invalid("to", "can't be given together with advance")),
        (Some(advance), None) => {
            let by = duration::parse(advance).map_err(|message| Problem::invalid("advance", &message))?;
            if now.plus(by) > LAST {
                return Err(Problem::invalid("advance", "leads beyond the year 9000, where the clock ends"));
            }
            Ok(Some(To::Later(by)))
        }
        (None, Some(to)) => {
            let instant = to.as_str().and_then(Timestamp::parse_rfc3339);
            let instant = instant.ok_or_else(|| Problem::invalid("to", "must be an RFC 3339 instant"))?;
            if instant < now {
                let message = format!("lies before the clock's {}: it never goes back", now.to_iso());
                return Err(Problem::invalid("to", &message));
            }
            if instant > LAST {
                return Err(Problem::invalid("to", "lies beyond the year 9000, where the clock ends"));
            }
            Ok(Some(To::Instant(instant)))
        }
    }
}

fn speed(value: &Json) -> Result<f64, Problem> {
    let given = match value {
        Json::Number(text) => text.parse().ok(),
        _ => None,
    };
    let message = || format!("must be a number from 0, which stops the clock, to {FASTEST}");
    given.filter(|speed| (0.0..=FASTEST).contains(speed)).ok_or_else(|| Problem::invalid("speed", &message()))
}

impl DevClock {
    fn answer(&self) -> Response {
        let (machine, now) = (self.machine.now(), self.now());
        let body = serde_json::json!({
            "success": true,
            "now": now.to_iso(),
            "speed": self.reckoning().speed,
            "offset": i64::try_from(now.0).unwrap_or(i64::MAX) - i64::try_from(machine.0).unwrap_or(i64::MAX),
        });
        let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (headers, body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minoots_shared::domain::time::Millis;

    const NOW: Timestamp = Timestamp(1_705_313_700_000);

    #[test]
    fn a_wish_is_a_length_of_time_or_an_instant_a_speed_or_both() {
        let read = |text: &str| Wish::parse(text.as_bytes(), NOW).map_err(|problem| problem.status().as_u16());
        let later = Some(To::Later(Millis::HOUR));
        assert_eq!(read(r#"{"advance":"1h"}"#), Ok(Wish { to: later, speed: None }));
        assert_eq!(read(r#"{"advance":3600000,"speed":0}"#), Ok(Wish { to: later, speed: Some(0.0) }));
        assert_eq!(read(r#"{"speed":2.5}"#), Ok(Wish { to: None, speed: Some(2.5) }));
        let instant = Some(To::Instant(NOW.plus(Millis::SECOND)));
        assert_eq!(read(r#"{"to":"2024-01-15T10:15:01Z"}"#), Ok(Wish { to: instant, speed: None }));
        for refused in [
            "",
            "[]",
            "{}",
            r#"{"advance":"-1h"}"#,
            r#"{"advance":"367d"}"#,
            r#"{"advance":"1h","to":"2030-01-01T00:00:00Z"}"#,
            r#"{"to":"2024-01-15T10:14:59Z"}"#,
            r#"{"to":"9500-01-01T00:00:00Z"}"#,
            r#"{"to":"tomorrow"}"#,
            r#"{"speed":-1}"#,
            r#"{"speed":100001}"#,
            r#"{"speed":"fast"}"#,
            r#"{"spede":1}"#,
        ] {
            assert_eq!(read(refused), Err(400), "{refused}");
        }
    }
}
