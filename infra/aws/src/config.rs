//! Configuration: the environment variables that the template sets. The one place that reads them.
//!
//! | variable | read by | meaning |
//! | --- | --- | --- |
//! | `TABLE_NAME` | all | the table |
//! | `RETENTION_DAYS` | all | how long a timer is kept after its end, with its deliveries; 30 unless set, at least 1 |
//! | `DELIVERY_QUEUE_URL` | all | the queue of deliveries to send |
//! | `DUE_QUEUE_URL` | api, expiry-handler | the queue of what falls due |
//! | `DUE_QUEUE_ARN` | api | the same queue, for schedules that send to it |
//! | `SCHEDULE_GROUP` | api | the group that schedules are made in |
//! | `SCHEDULER_ROLE_ARN` | api | the role under which a schedule sends |
//! | `SCHEDULE_DLQ_ARN` | api | where a schedule's message goes that could not be sent |
//! | `DIRECT_DELAY_SECONDS` | api, expiry-handler | what is nearer goes straight to the due queue; 120 unless set, at most 900 |
//! | `WEBHOOK_POLICY` | api, expiry-handler, delivery | `strict` unless set: https on 443 and 8443 only; `http`: also http, 80 and 8080; `local`: also loopback and any port, for an emulator |
//! | `WEBHOOK_TIMEOUT_SECONDS` | delivery | how long an attempt may take; 30 unless set, 1 to 60 |
//! | `METRICS_NAMESPACE` | expiry-handler, delivery | CloudWatch's namespace for metrics; `Minoots` unless set |
//! | `STAGE` | expiry-handler, delivery | the metrics' only dimension; `default` unless set |
//! | `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | all | set by Lambda |
//! | `AWS_ENDPOINT_URL` | all | another endpoint for all of AWS, such as an emulator's |
//! | `AWS_CALL_TIMEOUT_SECONDS` | all | how long one try of a call to AWS may take; 5 unless set. An emulator may need longer |
//! | `AWS_CA_BUNDLE` | all | a file of PEM certificates to trust instead of Amazon's own roots |
//! | `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG` | all | `trace`, `debug`, `info` (the default), `warn`, `error` or `off` |
//!
//! An empty variable counts as not set.

use crate::alarms::AlarmSettings;
use crate::clients::Connection;
use minoots_shared::domain::time::Millis;
use minoots_shared::webhook::guard::UrlPolicy;
use std::cell::RefCell;

/// The longest delay that SQS takes, in seconds.
pub const LONGEST_DELAY: u64 = 900;

/// Variables that are missing or make no sense, all of them.
#[derive(Debug, thiserror::Error)]
#[error("the function is not configured: {}", .0.join("; "))]
pub struct ConfigError(Vec<String>);

/// What every function is configured with.
#[derive(Clone, Debug)]
pub struct Common {
    /// How AWS is reached.
    pub connection: Connection,
    /// The table.
    pub table: String,
    /// How long a timer is kept after its end.
    pub retention: Millis,
    /// The delivery queue's URL.
    pub delivery_queue: String,
    /// Where webhooks may go.
    pub policy: UrlPolicy,
}

/// The API's configuration.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// What every function has.
    pub common: Common,
    /// How alarms are set.
    pub alarms: AlarmSettings,
}

/// The expiry handler's configuration.
#[derive(Clone, Debug)]
pub struct ExpiryConfig {
    /// What every function has.
    pub common: Common,
    /// The due queue's URL.
    pub due_queue: String,
    /// Where metrics go.
    pub metrics: MetricsConfig,
}

/// The delivery function's configuration.
#[derive(Clone, Debug)]
pub struct DeliveryConfig {
    /// What every function has.
    pub common: Common,
    /// How long an attempt may take.
    pub timeout: Millis,
    /// Where metrics go.
    pub metrics: MetricsConfig,
}

/// How metrics are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsConfig {
    /// CloudWatch's namespace.
    pub namespace: String,
    /// The deployment.
    pub stage: String,
}

/// Reads variables and notes what is wrong with them.
pub struct Environment<F> {
    get: F,
    faults: RefCell<Vec<String>>,
}

/// This process's own environment.
pub fn environment() -> Environment<impl Fn(&str) -> Option<String>> {
    Environment::new(|name| std::env::var(name).ok())
}

impl<F: Fn(&str) -> Option<String>> Environment<F> {
    /// An environment in which `get` finds a variable by its name.
    pub fn new(get: F) -> Self {
        Self { get, faults: RefCell::default() }
    }

    /// The API's configuration.
    ///
    /// # Errors
    /// Names everything that is missing or wrong.
    pub fn api(&self) -> Result<ApiConfig, ConfigError> {
        let config = ApiConfig {
            common: self.common(),
            alarms: AlarmSettings {
                queue_url: self.required("DUE_QUEUE_URL"),
                queue_arn: self.required("DUE_QUEUE_ARN"),
                group: self.required("SCHEDULE_GROUP"),
                role_arn: self.required("SCHEDULER_ROLE_ARN"),
                dead_letters_arn: self.required("SCHEDULE_DLQ_ARN"),
                direct: self.seconds("DIRECT_DELAY_SECONDS", 120, 1..=LONGEST_DELAY),
            },
        };
        self.check(config)
    }

    /// The expiry handler's configuration.
    ///
    /// # Errors
    /// Names everything that is missing or wrong.
    pub fn expiry(&self) -> Result<ExpiryConfig, ConfigError> {
        let config =
            ExpiryConfig { common: self.common(), due_queue: self.required("DUE_QUEUE_URL"), metrics: self.metrics() };
        self.check(config)
    }

    /// The delivery function's configuration.
    ///
    /// # Errors
    /// Names everything that is missing or wrong.
    pub fn delivery(&self) -> Result<DeliveryConfig, ConfigError> {
        let config = DeliveryConfig {
            common: self.common(),
            timeout: self.seconds("WEBHOOK_TIMEOUT_SECONDS", 30, 1..=60),
            metrics: self.metrics(),
        };
        self.check(config)
    }

    fn common(&self) -> Common {
        Common {
            connection: Connection {
                region: self.required("AWS_REGION"),
                access_key_id: self.required("AWS_ACCESS_KEY_ID"),
                secret_access_key: self.required("AWS_SECRET_ACCESS_KEY").into(),
                session_token: self.given("AWS_SESSION_TOKEN").map(Into::into),
                endpoint: self.given("AWS_ENDPOINT_URL"),
                patience: self.seconds("AWS_CALL_TIMEOUT_SECONDS", 5, 1..=300).to_std(),
                trusted: self.given("AWS_CA_BUNDLE").and_then(|path| self.file("AWS_CA_BUNDLE", &path)),
            },
            table: self.required("TABLE_NAME"),
            retention: Millis::days(self.number("RETENTION_DAYS", 30, 1..=3_650)),
            delivery_queue: self.required("DELIVERY_QUEUE_URL"),
            policy: self.policy(),
        }
    }

    fn policy(&self) -> UrlPolicy {
        match self.given("WEBHOOK_POLICY").as_deref() {
            None | Some("strict") => UrlPolicy::strict(),
            Some("http") => UrlPolicy::strict().with_http(),
            Some("local") => UrlPolicy::local(),
            Some(other) => {
                self.fault(format!("WEBHOOK_POLICY is {other:?} and must be strict, http or local"));
                UrlPolicy::strict()
            }
        }
    }

    fn metrics(&self) -> MetricsConfig {
        MetricsConfig {
            namespace: self.given("METRICS_NAMESPACE").unwrap_or_else(|| "Minoots".to_owned()),
            stage: self.given("STAGE").unwrap_or_else(|| "default".to_owned()),
        }
    }

    fn given(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> String {
        self.given(name).unwrap_or_else(|| {
            self.fault(format!("{name} is not set"));
            String::new()
        })
    }

    fn seconds(&self, name: &str, default: u64, range: std::ops::RangeInclusive<u64>) -> Millis {
        Millis::seconds(self.number(name, default, range))
    }

    fn number(&self, name: &str, default: u64, range: std::ops::RangeInclusive<u64>) -> u64 {
        let Some(text) = self.given(name) else { return default };
        text.parse().ok().filter(|number| range.contains(number)).unwrap_or_else(|| {
            self.fault(format!("{name} is {text:?} and must be a number from {} to {}", range.start(), range.end()));
            default
        })
    }

    fn file(&self, name: &str, path: &str) -> Option<Vec<u8>> {
        std::fs::read(path)
            .map_err(|error| self.fault(format!("{name} names {path}, which can't be read: {error}")))
            .ok()
    }

    fn fault(&self, fault: String) {
        self.faults.borrow_mut().push(fault);
    }

    fn check<T>(&self, config: T) -> Result<T, ConfigError> {
        let faults = self.faults.take();
        if faults.is_empty() { Ok(config) } else { Err(ConfigError(faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn complete() -> HashMap<&'static str, &'static str> {
        [
            "TABLE_NAME",
            "DELIVERY_QUEUE_URL",
            "DUE_QUEUE_URL",
            "DUE_QUEUE_ARN",
            "SCHEDULE_GROUP",
            "SCHEDULER_ROLE_ARN",
            "SCHEDULE_DLQ_ARN",
            "AWS_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        ]
        .map(|name| (name, "x"))
        .into()
    }

    fn of(variables: HashMap<&'static str, &'static str>) -> Environment<impl Fn(&str) -> Option<String>> {
        Environment::new(move |name| variables.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let error = of(HashMap::new()).api().unwrap_err().to_string();
        for name in complete().keys() {
            assert!(error.contains(&format!("{name} is not set")), "{name}: {error}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let error = of([("TABLE_NAME", "")].into()).delivery().unwrap_err().to_string();
        assert!(error.contains("TABLE_NAME is not set"), "{error}");
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let api = of(complete()).api().unwrap();
        assert_eq!((api.alarms.direct, api.common.retention), (Millis::seconds(120), Millis::days(30)));
        assert_eq!(api.common.policy, UrlPolicy::strict());
        assert_eq!(of(complete()).delivery().unwrap().timeout, Millis::seconds(30));
    }

    #[test]
    fn values_out_of_range_are_refused_with_their_range() {
        for (name, value) in [
            ("DIRECT_DELAY_SECONDS", "901"),
            ("DIRECT_DELAY_SECONDS", "0"),
            ("RETENTION_DAYS", "0"),
            ("WEBHOOK_POLICY", "lax"),
            ("AWS_CA_BUNDLE", "/nowhere/at/all"),
        ] {
            let mut variables = complete();
            variables.insert(name, value);
            let error = of(variables).api().unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}
