//! SQS and EventBridge Scheduler as the SDK's clients see them: requests go to the models instead of over a network.
//!
//! A queue's URL and a schedule group's name say which process asks.

use crate::process::Process;
use crate::world::State;
use aws_credential_types::Credentials;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Unavailable;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The SDK's clients, whose calls end in a world.
#[derive(Clone)]
pub(crate) struct Aws {
    /// The queues' client.
    pub sqs: aws_sdk_sqs::Client,
    /// The schedules' client.
    pub scheduler: aws_sdk_scheduler::Client,
    connector: Connector,
}

#[derive(Clone)]
struct Connector {
    processes: Arc<Mutex<BTreeMap<u64, Weak<Process>>>>,
}

macro_rules! client {
    ($sdk:ident, $connector:expr) => {{
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "simulation"))
            // Waits between retries are random, and not by a seed of ours. Here each fault comes through.
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .endpoint_url("https://aws.example")
            .http_client(SharedHttpClient::new($connector.clone()));
        $sdk::Client::from_conf(config.build())
    }};
}

impl Aws {
    /// Clients of one world.
    pub(crate) fn new() -> Self {
        let connector = Connector { processes: Arc::default() };
        Self { sqs: client!(aws_sdk_sqs, connector), scheduler: client!(aws_sdk_scheduler, connector), connector }
    }

    /// Lets a process make calls.
    pub(crate) fn connect(&self, process: &Arc<Process>) {
        self.connector.lock().insert(process.number, Arc::downgrade(process));
    }

    /// Where a process finds a queue.
    pub(crate) fn queue_url(process: &Process, queue: &str) -> String {
        format!("https://aws.example/{}/{queue}", process.number)
    }

    /// Where a process finds its schedules.
    pub(crate) fn group(process: &Process) -> String {
        format!("group-{}", process.number)
    }
}

impl Connector {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Weak<Process>>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn process(&self, number: &str) -> Result<Arc<Process>, ConnectorError> {
        let process = number.parse().ok().and_then(|number| self.lock().get(&number).and_then(Weak::upgrade));
        process.ok_or_else(|| ConnectorError::user(format!("no process {number:?} is at work").into()))
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body: Value = match request.body().bytes() {
            Some([]) | None => Value::Null,
            Some(bytes) => serde_json::from_slice(bytes).map_err(|error| ConnectorError::user(error.into()))?,
        };
        let path = request.uri().split_once("aws.example").map_or("", |(_, path)| path);
        if let Some(name) = path.strip_prefix("/schedules/") {
            let (name, query) = name.split_once('?').unwrap_or((name, ""));
            let group = body["GroupName"].as_str().or_else(|| query.strip_prefix("groupName=")).unwrap_or_default();
            let process = self.process(group.trim_start_matches("group-"))?;
            return match request.method() {
                "POST" => create_schedule(&process, name, &body).await,
                _ => delete_schedule(&process, name).await,
            };
        }
        let url = body["QueueUrl"].as_str().unwrap_or_default();
        let (url, queue) = url.rsplit_once('/').unwrap_or_default();
        let process = self.process(url.rsplit_once('/').map_or("", |(_, number)| number))?;
        match request.headers().get("x-amz-target").unwrap_or_default() {
            "AmazonSQS.SendMessageBatch" => send(&process, queue, &body).await,
            "AmazonSQS.ChangeMessageVisibilityBatch" => hide(&process, queue, &body).await,
            other => Err(ConnectorError::user(format!("{other} is not modelled").into())),
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.answer(request).await })
    }
}

fn response(status: u16, body: &Value) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::user(error.into()))?;
    Ok(HttpResponse::new(status, body.to_string().into()))
}

fn error(status: u16, name: &str) -> Result<HttpResponse, ConnectorError> {
    let mut response = response(status, &json!({"__type": name, "Message": name}))?;
    response.headers_mut().insert("x-amzn-errortype", name.to_owned());
    Ok(response)
}

fn lost(error: Unavailable) -> ConnectorError {
    ConnectorError::io(error.0)
}

/// The entries of a batch, each taken or refused as `take` says.
async fn batch(
    process: &Process,
    what: &str,
    body: &Value,
    take: impl Fn(&mut State, &Value) -> Result<(), &'static str>,
) -> Result<HttpResponse, ConnectorError> {
    let entries = body["Entries"].as_array().cloned().unwrap_or_default();
    if entries.is_empty() || entries.len() > 10 {
        return error(400, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest");
    }
    let done = process.call(what, |state| {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in &entries {
            let refused = state.random.chance(state.profile.partial).then_some("InternalError");
            match refused.map_or_else(|| take(state, entry), Err) {
                Ok(()) => successful.push(json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "d"})),
                Err(code) => failed.push(json!({"Id": entry["Id"], "Code": code, "SenderFault": false})),
            }
        }
        json!({"Successful": successful, "Failed": failed})
    });
    let done = done.await.map_err(lost)?;
    process.world().wake();
    response(200, &done)
}

async fn send(process: &Process, queue: &str, body: &Value) -> Result<HttpResponse, ConnectorError> {
    let world = process.world().clone();
    batch(process, &format!("SendMessageBatch {queue}"), body, |state, entry| {
        let delay = entry["DelaySeconds"].as_u64().unwrap_or(0);
        let (text, group) = (entry["MessageBody"].as_str(), entry["MessageGroupId"].as_str());
        if delay > 900 {
            return Err("InvalidParameterValue");
        }
        let State { random, profile, due, deliveries, trace, .. } = state;
        let queue = if queue == due.name { due } else { deliveries };
        let text = text.unwrap_or_default();
        trace.note(format_args!("          {} takes {text} after {delay} s", queue.name));
        queue.send(text, group.unwrap_or_default(), Millis::seconds(delay), world.now(), random, profile);
        Ok(())
    })
    .await
}

async fn hide(process: &Process, queue: &str, body: &Value) -> Result<HttpResponse, ConnectorError> {
    let world = process.world().clone();
    batch(process, &format!("ChangeMessageVisibilityBatch {queue}"), body, |state, entry| {
        let delay = entry["VisibilityTimeout"].as_u64().unwrap_or(0);
        let id = entry["ReceiptHandle"].as_str().and_then(|handle| handle.parse().ok()).unwrap_or(0);
        if delay > 43_200 {
            return Err("InvalidParameterValue");
        }
        let queue = if queue == state.due.name { &mut state.due } else { &mut state.deliveries };
        if queue.hide(id, Millis::seconds(delay), world.now()) { Ok(()) } else { Err("ReceiptHandleIsInvalid") }
    })
    .await
}

async fn create_schedule(process: &Process, name: &str, body: &Value) -> Result<HttpResponse, ConnectorError> {
    let world = process.world().clone();
    let expression = body["ScheduleExpression"].as_str().unwrap_or_default();
    let at = expression.strip_prefix("at(").and_then(|text| text.strip_suffix(')'));
    let at = at.and_then(|text| Timestamp::parse_rfc3339(&format!("{text}Z")));
    let input = body["Target"]["Input"].as_str().unwrap_or_default();
    let created = process.call("CreateSchedule", |state| {
        let Some(at) = at.filter(|at| *at > world.now()) else { return Err("ValidationException") };
        if state.schedules.contains_key(name) {
            return Err("ConflictException");
        }
        crate::schedules::create(state, &world, name, at, input);
        Ok(())
    });
    match created.await.map_err(lost)? {
        Ok(()) => response(200, &json!({"ScheduleArn": "arn"})),
        Err("ConflictException") => error(409, "ConflictException"),
        Err(other) => error(400, other),
    }
}

async fn delete_schedule(process: &Process, name: &str) -> Result<HttpResponse, ConnectorError> {
    match process.call("DeleteSchedule", |state| state.schedules.remove(name)).await.map_err(lost)? {
        Some(_) => response(200, &json!({})),
        None => error(404, "ResourceNotFoundException"),
    }
}
