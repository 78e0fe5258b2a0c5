//! How many webhooks a second the store can keep account of by itself, each with its timer's end, its delivery and its attempt:
//! no HTTP, nothing read, nothing sent, no log. What `minoots dev` delivers in a burst can't be more.
//!
//!     cargo run --release -p minoots --example record -- FOLDER 100000

use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::attempt::{Answer, AttemptResult};
use minoots_shared::domain::ids::{AccountId, DeliveryId, TimerId};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::new_timer;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{Creation, Store as _, TimerStep};
use minoots_shared::webhook::guard::UrlPolicy;
use minoots_shared::webhook::payload;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As many steps as `minoots dev` takes at once, and as many attempts to one host.
const AT_ONCE: usize = 256 + 64;
/// Timers created with one write.
const BATCH: usize = 500;
/// A timer's, as the other benchmarks have them.
const BODY: &str = r#"{"name":"build 4711","duration":1000,"metadata":{"n":4711},"events":{"on_expire":{"webhook":"http://127.0.0.1:9/hook","message":"the build has overrun its time","data":{"action":"cancel_build","repository":"acme/app"}}}}"#;
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (arguments.next(), arguments.next().and_then(|text| text.parse().ok())) else {
        return Err("give a folder, and how many webhooks to record".into());
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(record(folder.as_ref(), count))
}

async fn record(folder: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    let store = Arc::new(EmbeddedStore::open(folder, StoreOptions::default())?);
    let timers = (0..count).map(|number| timer(number).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    for timers in timers.chunks(BATCH) {
        let (scope, timers) = (scope(), timers.to_vec());
        store.create_timers(Creation { scope, timers, limit: None, events: Vec::new(), idempotency: None }).await?;
    }
    let steps = timers.iter().map(|timer| step(timer)).collect::<Option<Vec<_>>>().ok_or("nothing is due")?;
    let steps = Arc::new(Mutex::new(steps));
    let begun = Instant::now();
    let mut recorders = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (store, steps) = (Arc::clone(&store), Arc::clone(&steps));
        let next = move || steps.lock().unwrap_or_else(PoisonError::into_inner).pop();
        recorders.spawn(async move {
            while let Some((step, id)) = next() {
                let scope = scope();
                let taken = store.commit_step(step).await?;
                let begun = store.begin_attempt(&scope, &id).await?.is_some();
                let recorded = store.finish_attempt(&scope, &id, taken_at(NOW)).await?.is_some();
                if !(taken && begun && recorded) {
                    return Err::<_, Box<dyn Error + Send + Sync>>(format!("{id} was not recorded").into());
                }
            }
            Ok(())
        });
    }
    while let Some(recorder) = recorders.join_next().await {
        recorder?.map_err(|error| -> Box<dyn Error> { error })?;
    }
    println!("{:.0}", count as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

fn scope() -> Scope {
    Scope { account: AccountId::new("local"), mode: Mode::Live }
}

fn timer(number: usize) -> Result<Timer, Box<dyn Error>> {
    let id = TimerId::new(format!("timer_01a20d00000071bfb31e{number:012x}"));
    new_timer::parse(&Json::parse(BODY.as_bytes())?, &scope(), id, NOW, &UrlPolicy::local())
        .map_err(|faults| format!("{faults:?}").into())
}

/// The timer's end, and the delivery that it leads to.
fn step(timer: &Timer) -> Option<(TimerStep, DeliveryId)> {
    let transition = timer.fall_due(NOW.plus(Millis::SECOND))?;
    let delivery = Arc::new(payload::delivery(transition.happened.first()?)?);
    let (id, mut timer) = (delivery.id.clone(), transition.timer);
    timer.deliveries.push(id.clone());
    let step = TimerStep {
        before: transition.before,
        timer,
        deliveries: vec![delivery],
        withdraw: None,
        happened: 1,
        events: Vec::new(),
    };
    Some((step, id))
}

fn taken_at(sent_at: Timestamp) -> AttemptResult {
    let answer = Answer { code: 200, body: "ok".to_owned(), retry_after: None };
    AttemptResult { attempt: 1, sent_at, duration: Millis(1), answer: Ok(answer) }
}
