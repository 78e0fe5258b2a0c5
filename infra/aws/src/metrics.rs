//! Metrics in CloudWatch's embedded metric format: a line in the log that CloudWatch makes metrics of, with no call and no
//! agent. <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use crate::config::MetricsConfig;
use minoots_shared::domain::time::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The most values of one metric in one line.
const MOST_VALUES: usize = 100;

/// One kind of metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric {
    /// Its name.
    pub(crate) name: &'static str,
    /// CloudWatch's name of its unit.
    pub(crate) unit: &'static str,
}

/// How long after it was due something happened, by the way that its message came.
pub(crate) const LATENESS: Metric = Metric { name: "Lateness", unit: "Milliseconds" };
/// How long after it was due a webhook's first attempt began.
pub(crate) const FIRST_ATTEMPT: Metric = Metric { name: "FirstAttemptLateness", unit: "Milliseconds" };
/// Attempts, by what came of them.
pub(crate) const ATTEMPTS: Metric = Metric { name: "Attempts", unit: "Count" };
/// What the sweep found overdue.
pub(crate) const MISSED: Metric = Metric { name: "Missed", unit: "Count" };
/// What it put in again.
pub(crate) const REPAIRED: Metric = Metric { name: "Repaired", unit: "Count" };

/// Writes metrics into the log.
#[derive(Clone)]
pub struct Metrics {
    config: MetricsConfig,
    write: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Metrics {
    /// Metrics under these names, on standard output.
    pub fn new(config: MetricsConfig) -> Self {
        Self::written_by(config, |line| println!("{line}"))
    }

    /// Metrics that nobody collects, and that are not written.
    pub fn none() -> Self {
        Self::written_by(MetricsConfig { namespace: String::new(), stage: String::new() }, |_| {})
    }

    /// Metrics whose lines are given to `write`.
    pub fn written_by(config: MetricsConfig, write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { config, write: Arc::new(write) }
    }

    /// Writes a metric's values, if there are any; `dimension` tells its kinds apart.
    pub(crate) fn write(&self, now: Timestamp, metric: Metric, dimension: Option<(&str, &str)>, values: &[u64]) {
        for line in lines(&self.config, now, metric, dimension, values) {
            (self.write)(&line);
        }
    }
}

fn lines(
    config: &MetricsConfig,
    now: Timestamp,
    metric: Metric,
    dimension: Option<(&str, &str)>,
    values: &[u64],
) -> Vec<String> {
    let mut names = vec!["Stage"];
    names.extend(dimension.map(|(name, _)| name));
    let line = |values: &[u64]| {
        let mut members = Map::new();
        members.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.0,
                "CloudWatchMetrics": [{
                    "Namespace": config.namespace,
                    "Dimensions": [names],
                    "Metrics": [{"Name": metric.name, "Unit": metric.unit}],
                }],
            }),
        );
        members.insert("Stage".to_owned(), json!(config.stage));
        if let Some((name, value)) = dimension {
            members.insert(name.to_owned(), json!(value));
        }
        members.insert(metric.name.to_owned(), json!(values));
        Value::Object(members).to_string()
    };
    values.chunks(MOST_VALUES).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_makes_metrics_of() {
        let config = MetricsConfig { namespace: "Minoots".to_owned(), stage: "prod".to_owned() };
        let lines = lines(&config, Timestamp(5), LATENESS, Some(("Path", "direct")), &[1; 101]);
        assert_eq!(lines.len(), 2);
        let line: Value = serde_json::from_str(&lines[1]).unwrap();
        assert_eq!(
            line,
            json!({
                "_aws": {"Timestamp": 5, "CloudWatchMetrics": [{
                    "Namespace": "Minoots",
                    "Dimensions": [["Stage", "Path"]],
                    "Metrics": [{"Name": "Lateness", "Unit": "Milliseconds"}],
                }]},
                "Stage": "prod",
                "Path": "direct",
                "Lateness": [1],
            })
        );
    }

    #[test]
    fn no_values_are_no_line() {
        let config = MetricsConfig { namespace: "Minoots".to_owned(), stage: "prod".to_owned() };
        assert!(lines(&config, Timestamp(5), MISSED, None, &[]).is_empty());
    }
}
