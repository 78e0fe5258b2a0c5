//! How often creations wait for the disk: counted, because the time that takes differs from machine to machine.

use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::{AccountId, TimerId};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::new_timer;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{Created, Creation, Placement, Store as _};
use minoots_shared::webhook::guard::UrlPolicy;
use std::sync::Arc;

const CALLERS: usize = 32;
const TIMERS: usize = 2_000;
/// For each thousand timers; one by one it would be a thousand.
const MOST_SYNCS: u64 = 200;

fn creation(number: usize) -> Creation {
    let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
    let body = br#"{"duration": "24h", "webhook": "https://a.example/", "data": {"action": "go"}}"#;
    let body = Json::parse(body).expect("it is JSON");
    let id = TimerId::new(format!("t{number}"));
    let timer = new_timer::parse(&body, &scope, id, Timestamp(1_800_000_000_000), &UrlPolicy::strict());
    let timer = timer.expect("it is a timer");
    Creation { scope, timers: vec![Arc::new(timer)], limit: None, events: Vec::new(), idempotency: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_create_timers_at_once_share_syncs_of_the_disk() {
    // On a real disk: in memory a sync takes no time in which others could come.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Arc::new(EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap());
    let before = store.figures();
    let callers = (0..CALLERS).map(|caller| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in (caller..TIMERS).step_by(CALLERS) {
                let created = store.create_timers(creation(number)).await.unwrap();
                assert_eq!(created, Created::Placed(vec![Placement::Stored]));
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let after = store.figures();
    assert_eq!(after.jobs - before.jobs, TIMERS as u64);
    let per_thousand = (after.syncs - before.syncs) * 1_000 / TIMERS as u64;
    println!("{per_thousand} syncs for 1,000 creations by {CALLERS} callers");
    assert!(per_thousand <= MOST_SYNCS, "{per_thousand} syncs for 1,000 creations: at most {MOST_SYNCS}");
    assert!(per_thousand >= 1_000 / CALLERS as u64, "{per_thousand}: each caller must wait for its timer's sync");
}
