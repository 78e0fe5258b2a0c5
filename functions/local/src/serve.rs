//! Serving HTTP/1.1 until told to stop.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt as _;

/// How long a caller may take to send a request's head, or to begin the next request.
const HEAD_PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait when the system has no sockets left.
const RECOVERY: Duration = Duration::from_millis(50);
/// How long the last answers may take to leave, once the handlers have given them.
const FLUSH: Duration = Duration::from_millis(500);

/// Serves `router` until `stop` says so; then takes no new connections, and returns when the requests under way have been
/// answered, or after `patience`.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>, patience: Duration) {
    let (under_way, mut requests) = watch::channel(0usize);
    let router = router.layer(middleware::from_fn(move |request, next| count(under_way.clone(), request, next)));
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stopped| *stopped) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => connect(stream, router.clone(), &connections),
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

fn connect(stream: TcpStream, router: Router, connections: &GracefulShutdown) {
    // Answers are small: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(|request: hyper::Request<Incoming>| request.map(Body::new));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

/// Counts the requests under way, those included whose caller goes away meanwhile.
async fn count(under_way: watch::Sender<usize>, request: Request, next: Next) -> Response {
    struct UnderWay(watch::Sender<usize>);
    impl Drop for UnderWay {
        fn drop(&mut self) {
            self.0.send_modify(|count| *count -= 1);
        }
    }
    under_way.send_modify(|count| *count += 1);
    let _under_way = UnderWay(under_way);
    next.run(request).await
}
