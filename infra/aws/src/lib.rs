//! Minoots' ports on DynamoDB, EventBridge Scheduler and SQS.
