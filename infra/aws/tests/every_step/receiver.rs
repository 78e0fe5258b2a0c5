//! Where the webhooks arrive, by the time that the world has then.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::Timestamp;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

/// A webhook that came.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) at: Timestamp,
    pub(crate) timer: String,
    pub(crate) event: String,
    /// Its `webhook-id`.
    pub(crate) id: String,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    hits: Arc<Mutex<Vec<Hit>>>,
    clock: Clock,
}

impl Receiver {
    pub(crate) async fn listen(clock: Clock) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let receiver = Self { port, hits: Arc::default(), clock };
        let routes = Router::new().route("/{temper}", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
        receiver
    }

    /// A URL that takes everything; or, with `refusing`, all but a delivery's first attempt.
    pub(crate) fn url(&self, refusing: bool) -> String {
        format!("http://127.0.0.1:{}/{}", self.port, if refusing { "refuses-first" } else { "takes" })
    }

    /// What came of one timer's event, in order.
    pub(crate) fn of(&self, timer: &str, event: &str) -> Vec<Hit> {
        let hits = self.hits.lock().unwrap();
        hits.iter().filter(|hit| hit.timer == timer && hit.event == event).cloned().collect()
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    Path(temper): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    receiver.hits.lock().unwrap().push(Hit {
        at: receiver.clock.now(),
        timer: text(&body["timer"]["id"]),
        event: text(&body["event"]),
        id: headers["webhook-id"].to_str().unwrap().to_owned(),
    });
    let refused = temper == "refuses-first" && headers["x-minoots-attempt"] == "1";
    if refused { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NO_CONTENT }
}
