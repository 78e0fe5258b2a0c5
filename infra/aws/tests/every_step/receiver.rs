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
    /// The timer, or the endpoint by the name in its URL.
    pub(crate) of: String,
    pub(crate) event: String,
    /// Its `webhook-id`.
    pub(crate) id: String,
}

/// How a receiver answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temper {
    Takes,
    /// A delivery's first attempt.
    RefusesFirst,
    Refuses,
    /// It answers 410.
    Gone,
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
        let routes = Router::new().route("/{temper}/{name}", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
        receiver
    }

    /// A URL for an endpoint or a timer, and how it answers.
    pub(crate) fn url(&self, temper: Temper, name: &str) -> String {
        format!("http://127.0.0.1:{}/{}/{name}", self.port, temper as u8)
    }

    /// What came of one event of a timer or an endpoint, in order.
    pub(crate) fn of(&self, name: &str, event: &str) -> Vec<Hit> {
        self.all().into_iter().filter(|hit| hit.of == name && hit.event == event).collect()
    }

    /// All that came.
    pub(crate) fn all(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    Path((temper, name)): Path<(u8, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let event = body["event"].as_str().or_else(|| body["type"].as_str()).unwrap().to_owned();
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    receiver.hits.lock().unwrap().push(Hit { at: receiver.clock.now(), of: name, event, id });
    match temper {
        temper if temper == Temper::RefusesFirst as u8 && headers["x-minoots-attempt"] == "1" => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        temper if temper == Temper::Refuses as u8 => StatusCode::INTERNAL_SERVER_ERROR,
        temper if temper == Temper::Gone as u8 => StatusCode::GONE,
        _ => StatusCode::NO_CONTENT,
    }
}
