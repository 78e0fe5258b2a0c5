//! A receiver on this machine, in a thread of its own: it outlives the product's processes.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver as Arrivals, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// For what does not come at all. Shorter than the minute in which the sweep finds what was overlooked.
const PATIENCE: Duration = Duration::from_secs(40);
/// Instead of a status code: no answer.
pub(crate) const NEVER: u16 = 0;

/// What a webhook brought.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) attempt: u32,
    pub(crate) body: Bytes,
}

type Answer = Arc<dyn Fn(&Arrival) -> u16 + Send + Sync>;

pub(crate) struct Receiver {
    address: SocketAddr,
    arrivals: Arrivals<Arrival>,
    _runtime: Runtime,
}

impl Receiver {
    /// Answers what `answer` says, and nothing at all for [`NEVER`].
    pub(crate) fn answering(answer: impl Fn(&Arrival) -> u16 + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, arrivals) = channel();
        let state = (Arc::new(Mutex::new(sender)), Arc::new(answer) as Answer);
        let router = Router::new().fallback(receive).with_state(state);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, arrivals, _runtime: runtime }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn next(&self) -> Arrival {
        self.arrivals.recv_timeout(PATIENCE).expect("a webhook arrives")
    }

    /// How many came since, and come in this time.
    pub(crate) fn rest(&self, time: Duration) -> usize {
        std::iter::from_fn(|| self.arrivals.recv_timeout(time).ok()).count()
    }
}

async fn receive(
    State((sender, answer)): State<(Arc<Mutex<Sender<Arrival>>>, Answer)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let attempt = header("x-minoots-attempt").parse().unwrap();
    let arrival = Arrival { at: Instant::now(), path: uri.path().to_owned(), id: header("webhook-id"), attempt, body };
    let code = answer(&arrival);
    // A test that is over doesn't want to know.
    let _ = sender.lock().unwrap().send(arrival);
    match code {
        NEVER => std::future::pending().await,
        code => StatusCode::from_u16(code).unwrap(),
    }
}
