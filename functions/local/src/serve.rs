//! Serving HTTP/1.1 until told to stop.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::Service as _;

/// How long a caller may take to send a request's head, or to begin the next request.
const HEAD_PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait when the system has no sockets left.
const RECOVERY: Duration = Duration::from_millis(50);
/// How long the last answers may take to leave, once the handlers have given them.
const FLUSH: Duration = Duration::from_millis(500);

/// Who answers requests.
pub(crate) trait Answer: Send + Sync + 'static {
    /// The answer to one.
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send;
}

impl Answer for Router {
    async fn answer(&self, request: Request) -> Response {
        let Ok(answer) = self.clone().call(request).await;
        answer
    }
}

/// Serves until `stop` says so; then takes no new connections, and returns when the requests under way have been answered, or
/// after `patience`.
pub(crate) async fn serve(
    listener: TcpListener,
    answers: impl Answer,
    mut stop: watch::Receiver<bool>,
    patience: Duration,
) {
    let (under_way, mut requests) = watch::channel(0usize);
    let answers = Arc::new(answers);
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => connect(stream, Arc::clone(&answers), under_way.clone(), &connections),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(RECOVERY).await;
            }
        }
    }
    drop(listener);
    let flushed = tokio::spawn(connections.shutdown());
    // A connection on which nothing but half a request's head has come holds nothing up.
    if tokio::time::timeout(patience, requests.wait_for(|under_way| *under_way == 0)).await.is_err() {
        tracing::warn!("requests cut off: they took too long to be answered");
    }
    let _ = tokio::time::timeout(FLUSH, flushed).await;
}

fn connect(
    stream: TcpStream,
    answers: Arc<impl Answer>,
    under_way: watch::Sender<usize>,
    connections: &GracefulShutdown,
) {
    // Answers are small: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (answers, under_way) = (Arc::clone(&answers), UnderWay::new(&under_way));
        async move {
            let answer = answers.answer(request.map(Body::new)).await;
            drop(under_way);
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

/// A request under way, also one whose caller goes away meanwhile.
struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    fn new(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
