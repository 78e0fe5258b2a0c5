//! A webhook receiver of the command line's own, on this machine only.

use super::received::Received;
use super::{Exit, Failure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::Timestamp;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// How much of a body is taken; no webhook is larger.
const LARGEST: usize = 256 * 1024;
/// How long answers may take to leave at the end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many requests may wait to be looked at.
const WAITING: usize = 1_024;

/// A request that wants an answer.
pub(crate) struct Hit {
    /// When it had arrived.
    pub(crate) at: Timestamp,
    pub(crate) path: String,
    pub(crate) received: Received,
    /// Takes the answer. Dropped, it is 500.
    pub(crate) answer: oneshot::Sender<StatusCode>,
}

/// A receiver that listens.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    hits: mpsc::Receiver<Hit>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a port, or on a free one if it is 0.
    pub(crate) async fn listen(port: u16) -> Result<Self, Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let failed = |error: std::io::Error| {
            Failure::new(Exit::Failed, format!("{address} can't be listened on: {error}"))
                .next("Choose another port, or 0 for a free one: --port")
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (sender, hits) = mpsc::channel(WAITING);
        let router = Router::new().fallback(receive).layer(DefaultBodyLimit::max(LARGEST)).with_state(sender);
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(crate::serve::serve(listener, router, stopped, PATIENCE));
        Ok(Self { address, hits, stop, serving })
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Option<Hit> {
        self.hits.recv().await
    }

    /// Takes no more, and returns when the answers given are with their callers.
    pub(crate) async fn close(self) {
        let Self { mut hits, stop, serving, .. } = self;
        hits.close();
        stop.send_replace(true);
        // A panic in there has been reported already.
        let _ = serving.await;
    }
}

async fn receive(State(hits): State<mpsc::Sender<Hit>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = Clock::system().now();
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let (answer, answered) = oneshot::channel();
    let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    let hit = Hit { at, path, received: Received { headers, body: body.into() }, answer };
    if hits.send(hit).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    answered.await.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
