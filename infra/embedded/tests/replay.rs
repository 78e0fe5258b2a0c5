//! Sending failed deliveries again takes no longer than whoever asked for it waits.

use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_embedded::{DeliveryQueue, DueIndexAlarms, Limits};
use minoots_shared::app::clock::Clock;
use minoots_shared::app::{App, ReplayedFailures};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::attempt::{Answer, AttemptResult};
use minoots_shared::domain::delivery::{Delivery, NewDelivery, Source};
use minoots_shared::domain::ids::{AccountId, DeliveryId, TimerId};
use minoots_shared::domain::retry::RetryPlan;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Store as _;
use minoots_shared::webhook::client::WebhookClient;
use minoots_shared::webhook::guard::UrlPolicy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use tempfile::TempDir;

/// A delivery of a timer that is refused for good.
fn failed(number: u64) -> Delivery {
    let at = Timestamp(1_800_000_000_000 + number);
    let delivery = Delivery::from(NewDelivery {
        scope: Scope { account: AccountId::new("acct"), mode: Mode::Live },
        id: DeliveryId::new(format!("del_{number}")),
        source: Source::Timer(TimerId::new("t")),
        event: "timer_expired".to_owned(),
        url: "http://127.0.0.1:9/".to_owned(),
        headers: Vec::new(),
        body: "{}".into(),
        plan: RetryPlan::TIMER,
        at,
    });
    let answer = Ok(Answer { code: 410, body: String::new(), retry_after: None });
    delivery
        .after(&AttemptResult { attempt: 1, sent_at: at, duration: Millis(1), answer })
        .expect("it is the first attempt")
}

#[tokio::test]
async fn a_call_that_takes_long_says_that_more_may_be_left_and_the_next_one_goes_on() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap());
    for number in 0..150 {
        store.record_delivery(failed(number)).await.unwrap();
    }
    // Whenever it is looked at, a fifth of a second has gone by.
    let ticks = AtomicU64::new(9_000_000_000);
    let clock = Clock::new(move || Timestamp(ticks.fetch_add(1, SeqCst) * 200));
    let webhooks = WebhookClient::new(UrlPolicy::local(), Millis::seconds(30)).unwrap();
    let app = App::new(store, Arc::new(DueIndexAlarms), DeliveryQueue::new(Limits::default()), webhooks, clock);
    let scope = failed(0).scope;
    let first = app.replay_failed(&scope, None).await.unwrap();
    assert_eq!(first, ReplayedFailures { retried: 100, more: true });
    assert_eq!(app.replay_failed(&scope, None).await.unwrap(), ReplayedFailures { retried: 50, more: false });
    assert_eq!(app.replay_failed(&scope, None).await.unwrap(), ReplayedFailures { retried: 0, more: false });
}
