//! A receiver of webhooks on this machine, where cases see what the product does by itself.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::Timestamp;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// What a webhook brought.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// When it came.
    pub(crate) at: Timestamp,
    /// The URL's path.
    pub(crate) path: String,
    /// Its `webhook-id`.
    pub(crate) id: String,
    /// Its `x-minoots-attempt`.
    pub(crate) attempt: String,
    /// What was sent.
    pub(crate) body: Bytes,
}

/// Listens until it is dropped. It answers 500 to first attempts on paths that end in `/fails-first`, and else 204.
pub(crate) struct Receiver {
    address: SocketAddr,
    arrivals: UnboundedReceiver<Arrival>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Receiver {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (sender, arrivals) = unbounded_channel();
        let router = Router::new().fallback(receive).with_state(sender);
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, arrivals, server }
    }

    /// A URL that leads here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next webhook, whenever it comes.
    pub(crate) async fn next(&mut self) -> Arrival {
        self.arrivals.recv().await.expect("the receiver listens")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(
    State(sender): State<UnboundedSender<Arrival>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (id, attempt) = (header("webhook-id"), header("x-minoots-attempt"));
    let fails = attempt == "1" && uri.path().ends_with("/fails-first");
    let arrival = Arrival { at: Clock::system().now(), path: uri.path().to_owned(), id, attempt, body };
    // A case that is over doesn't want to know.
    let _ = sender.send(arrival);
    if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NO_CONTENT }
}
