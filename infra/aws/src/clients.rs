//! The AWS clients, made for a short start: no credential chain, no certificates loaded from disk, one pool of connections.

use crate::alarms::AlarmSettings;
use crate::http;
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, retry::RetryConfig};
use std::fmt;
use std::time::Duration;

/// The roots that Amazon's own endpoints lead to: <https://www.amazontrust.com/repository/>.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon_roots.pem");

/// How AWS is reached.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The region.
    pub region: String,
    /// The access key's id.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: Secret,
    /// Goes with a temporary access key.
    pub session_token: Option<Secret>,
    /// Another endpoint for all services.
    pub endpoint: Option<String>,
    /// Certificates to trust instead of Amazon's, PEM.
    pub trusted: Option<Vec<u8>>,
    /// How long one try of a call may take.
    pub patience: Duration,
}

/// A text that is not shown.
#[derive(Clone)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why there are no clients.
#[derive(Debug, thiserror::Error)]
#[error("connections to AWS can't be set up: are the certificates in AWS_CA_BUNDLE PEM?")]
pub struct ClientError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The clients that are in use.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The table's.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The queues'.
    pub sqs: aws_sdk_sqs::Client,
    /// The schedules'.
    pub scheduler: aws_sdk_scheduler::Client,
}

macro_rules! client {
    ($sdk:ident, $connection:expr, $http:expr) => {{
        let connection: &Connection = $connection;
        let token = connection.session_token.clone().map(|token| token.0);
        let (id, key) = (connection.access_key_id.clone(), connection.secret_access_key.0.clone());
        let mut config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(connection.region.clone()))
            .credentials_provider(Credentials::new(id, key, token, None, "environment"))
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .timeout_config(timeouts(connection.patience))
            .http_client($http.clone());
        config.set_endpoint_url(connection.endpoint.clone());
        $sdk::Client::from_conf(config.build())
    }};
}

impl Clients {
    /// Clients over one pool of connections.
    ///
    /// # Errors
    /// The certificates to trust can't be read.
    pub fn new(connection: &Connection) -> Result<Self, ClientError> {
        let trusted = connection.trusted.as_deref().unwrap_or(AMAZON_ROOTS);
        let http = http::client(trusted, connection.patience).map_err(ClientError)?;
        Ok(Self {
            dynamodb: client!(aws_sdk_dynamodb, connection, http),
            sqs: client!(aws_sdk_sqs, connection, http),
            scheduler: client!(aws_sdk_scheduler, connection, http),
        })
    }

    /// Opens a connection to the table: during INIT a function has a whole processor, and a small one little later.
    pub async fn warm_table(&self, table: &str) {
        let key = crate::store::keys::Key::batch("warm").attributes();
        note("DynamoDB", self.dynamodb.get_item().table_name(table).set_key(Some(key)).send().await.err());
    }

    /// Opens a connection to SQS for a function that may send to a queue. A batch of nothing is refused, and not billed.
    pub async fn warm_sending(&self, queue_url: &str) {
        note("SQS", self.sqs.send_message_batch().queue_url(queue_url).send().await.err());
    }

    /// Opens a connection to SQS for a function that may only hide a queue's messages.
    pub async fn warm_hiding(&self, queue_url: &str) {
        note("SQS", self.sqs.change_message_visibility_batch().queue_url(queue_url).send().await.err());
    }

    /// Opens a connection to the Scheduler, by deleting what isn't there.
    pub async fn warm_scheduler(&self, settings: &AlarmSettings) {
        note("Scheduler", self.scheduler.delete_schedule().group_name(&settings.group).name("warm").send().await.err());
    }
}

/// An answer of any kind came over a connection that is open now; only if there was none is it worth a line.
fn note<E, R: fmt::Debug>(service: &str, error: Option<aws_sdk_dynamodb::error::SdkError<E, R>>) {
    if let Some(error) = error
        && error.raw_response().is_none()
    {
        tracing::warn!(service, "no connection could be opened ahead of time");
    }
}

/// A try that takes longer is given up and made again: these services answer within milliseconds.
fn timeouts(patience: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(patience)
        .operation_attempt_timeout(patience)
        .operation_timeout(patience * 3)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(trusted: Option<&[u8]>) -> Connection {
        Connection {
            region: "eu-west-1".to_owned(),
            access_key_id: "id".to_owned(),
            secret_access_key: "key".to_owned().into(),
            session_token: None,
            endpoint: None,
            trusted: trusted.map(<[u8]>::to_vec),
            patience: Duration::from_secs(1),
        }
    }

    #[test]
    fn amazons_roots_are_trusted_and_a_damaged_certificate_is_named_at_the_start() {
        assert!(Clients::new(&connection(None)).is_ok());
        for bad in [&b"-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n"[..], b"no certificate"] {
            let error = Clients::new(&connection(Some(bad))).unwrap_err().to_string();
            assert!(error.contains("AWS_CA_BUNDLE"), "{error}");
        }
    }
}
