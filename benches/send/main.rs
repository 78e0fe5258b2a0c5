//! How many signed webhooks a second the delivery client sends by itself: no timers, no store, no log. What `minoots dev`
//! delivers in a burst can't be more.
//!
//!     cargo run --release -p minoots --example send -- http://127.0.0.1:PORT/hook 100000

use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::delivery::{Delivery, NewDelivery, Source};
use minoots_shared::domain::ids::{AccountId, DeliveryId, TimerId};
use minoots_shared::domain::retry::RetryPlan;
use minoots_shared::domain::secret::{SigningSecrets, WebhookSecret};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::webhook::client::{DEFAULT_TIMEOUT, Outgoing, WebhookClient};
use minoots_shared::webhook::guard::UrlPolicy;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As many as `minoots dev` sends to one host at once.
const AT_ONCE: usize = 64;
/// A timer's, as the other benchmarks have them.
const BODY: &str = r#"{"event":"timer_expired","timer":{"id":"timer_01a20d00000071bfb31e1555f250a89b","name":"build 4711","status":"expired","duration":86400000,"startTime":1795507200000,"endTime":1795593600000,"metadata":{"n":4711}},"message":"the build has overrun its time","data":{"action":"cancel_build","repository":"acme/app"},"timestamp":"2026-11-25T08:00:00.000Z"}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(count)) = (arguments.next(), arguments.next().and_then(|text| text.parse().ok())) else {
        return Err("give the receiver's URL, and how many webhooks to send".into());
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(send(url, count))
}

async fn send(url: String, count: usize) -> Result<(), Box<dyn Error>> {
    let client = Arc::new(WebhookClient::new(UrlPolicy::local(), DEFAULT_TIMEOUT)?);
    let delivery = Arc::new(delivery(url));
    let secrets = Arc::new(SigningSecrets::new(WebhookSecret::generate(&[7; 32])));
    let left = Arc::new(AtomicUsize::new(count));
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (client, delivery, secrets, left) = (client.clone(), delivery.clone(), secrets.clone(), left.clone());
        senders.spawn(async move {
            let one_less = |left: usize| left.checked_sub(1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let (answer, _) =
                    client.send(&Outgoing::from_timer(&delivery, &secrets), Timestamp(now.as_millis() as u64)).await;
                if let Some(wrong) =
                    answer.map_or_else(Some, |answer| (answer.code != 200).then(|| answer.code.to_string()))
                {
                    return Err(wrong);
                }
            }
            Ok(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    println!("{:.0}", count as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

fn delivery(url: String) -> Delivery {
    Delivery::from(NewDelivery {
        scope: Scope { account: AccountId::new("local"), mode: Mode::Live },
        id: DeliveryId::new("del_01a20d0000000123456789ab_timer_01a20d00000071bfb31e1555f250a89b"),
        source: Source::Timer(TimerId::new("timer_01a20d00000071bfb31e1555f250a89b")),
        event: "timer_expired".to_owned(),
        at: Timestamp(0),
        url,
        headers: Vec::new(),
        body: BODY.into(),
        plan: RetryPlan::TIMER,
    })
}
