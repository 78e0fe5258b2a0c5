//! Bodies of queue messages.

use minoots_aws::messages::{DeliveryMessage, DueQueueMessage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A message that can be read is read as the same again from what we would have sent.
///
/// # Panics
/// If it is not.
pub fn queue_message(bytes: &[u8]) {
    match serde_json::from_slice::<DueQueueMessage>(bytes) {
        Ok(DueQueueMessage::Due(message)) => {
            let _ = message.alarm();
            reads_back(&message);
        }
        Ok(DueQueueMessage::Event(message)) => reads_back(&message),
        Err(_) => {}
    }
    if let Ok(message) = serde_json::from_slice::<DeliveryMessage>(bytes) {
        reads_back(&message);
    }
}

fn reads_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T) {
    let text = serde_json::to_string(message).unwrap_or_else(|error| panic!("{message:?} can't be written: {error}"));
    let again = serde_json::from_str::<T>(&text);
    assert!(again.as_ref().is_ok_and(|again| again == message), "{message:?}, then {text}, then {again:?}");
}
