//! A function's real binary behind a Lambda runtime API: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use std::collections::HashMap;
use std::io::Read as _;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer, or an error as the function reported it.
type Answer = Result<Value, Value>;

/// A running function.
pub struct Function {
    process: Child,
    events: mpsc::UnboundedSender<Event>,
    server: tokio::task::JoinHandle<()>,
    log: Option<JoinHandle<String>>,
}

struct Event {
    payload: Value,
    deadline: SystemTime,
    answer: oneshot::Sender<Answer>,
}

struct Runtime {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    waiting: Mutex<(u64, HashMap<String, oneshot::Sender<Answer>>)>,
}

impl Function {
    /// Starts a function's binary with these variables and no others.
    pub async fn start(binary: &str, environment: Vec<(&'static str, String)>) -> Self {
        let (events, received) = mpsc::unbounded_channel();
        let runtime = Arc::new(Runtime { events: tokio::sync::Mutex::new(received), waiting: Mutex::default() });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(runtime);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
        let mut process = Command::new(binary)
            .env_clear()
            .env("RUST_LOG", "warn")
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{binary} can't be run: {error}"));
        let mut output = process.stdout.take().expect("its output is a pipe");
        let log = std::thread::spawn(move || {
            let mut log = Vec::new();
            let _ = output.read_to_end(&mut log);
            String::from_utf8_lossy(&log).into_owned()
        });
        Self { process, events, server, log: Some(log) }
    }

    /// Ends it and gives all that it logged.
    pub fn log(mut self) -> String {
        let _ = self.process.kill();
        self.log.take().and_then(|log| log.join().ok()).expect("its output is read to its end")
    }

    /// Invokes it; it has 30 seconds.
    pub async fn invoke(&self, payload: Value) -> Answer {
        self.invoke_for(payload, Duration::from_secs(30)).await
    }

    /// Invokes it with so much time.
    pub async fn invoke_for(&self, payload: Value, time: Duration) -> Answer {
        let (answer, answered) = oneshot::channel();
        let event = Event { payload, deadline: SystemTime::now() + time, answer };
        assert!(self.events.send(event).is_ok(), "the runtime API serves");
        let answered = tokio::time::timeout(PATIENCE, answered).await;
        answered.expect("the function answers in time").expect("the function answers each event")
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.server.abort();
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn next(State(runtime): State<Arc<Runtime>>) -> impl IntoResponse {
    let event = runtime.events.lock().await.recv().await;
    let Some(Event { payload, deadline, answer }) = event else { return Err(StatusCode::GONE) };
    let id = {
        let mut waiting = runtime.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.0 += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012}", waiting.0);
        waiting.1.insert(id.clone(), answer);
        id
    };
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:function".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
    ] {
        headers.insert(name, value.parse().expect("it is plain ASCII"));
    }
    Ok((headers, payload.to_string()))
}

async fn response(State(runtime): State<Arc<Runtime>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    runtime.answer(&id, Ok(read(&body)))
}

async fn error(State(runtime): State<Arc<Runtime>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    runtime.answer(&id, Err(read(&body)))
}

impl Runtime {
    fn answer(&self, id: &str, answer: Answer) -> StatusCode {
        match self.waiting.lock().unwrap_or_else(PoisonError::into_inner).1.remove(id) {
            // Whoever asked may have lost patience.
            Some(waiting) => waiting.send(answer).map_or(StatusCode::ACCEPTED, |()| StatusCode::ACCEPTED),
            None => StatusCode::BAD_REQUEST,
        }
    }
}

fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
