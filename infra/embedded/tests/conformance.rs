//! The embedded infrastructure keeps what every infrastructure promises.

use async_trait::async_trait;
use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_embedded::{DeliveryQueue, DueIndexAlarms, Limits, Runner};
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::Store;
use minoots_shared::webhook::client::WebhookClient;
use minoots_shared::webhook::guard::UrlPolicy;
use minoots_tests::{Infrastructure, Parts, WorkingInfrastructure};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A machine of its own for each case: a data folder, and what is at work on it.
struct Machine {
    folder: TempDir,
    at_work: Mutex<Option<AtWork>>,
}

struct AtWork {
    stop: watch::Sender<bool>,
    runner: JoinHandle<()>,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made"), at_work: Mutex::new(None) }
    }

    fn store(&self) -> Arc<EmbeddedStore> {
        Arc::new(EmbeddedStore::open(self.folder.path(), StoreOptions::default()).expect("the folder can be opened"))
    }
}

#[async_trait]
impl Infrastructure for Machine {
    async fn open_store(&self) -> Arc<dyn Store> {
        self.store()
    }
}

#[async_trait]
impl WorkingInfrastructure for Machine {
    async fn start(&self) -> Parts {
        let (store, queue, alarms) = (self.store(), DeliveryQueue::new(Limits::default()), Arc::new(DueIndexAlarms));
        let webhooks = WebhookClient::new(UrlPolicy::local(), Millis::seconds(5)).expect("TLS can be set up");
        let app = App::new(store.clone(), alarms.clone(), queue.clone(), webhooks, Clock::system());
        let (stop, stopped) = watch::channel(false);
        let runner = Runner::new(Arc::new(app), store.clone(), queue.clone());
        let runner = tokio::spawn(runner.run(stopped, Duration::from_secs(5)));
        let before = self.at_work.lock().expect("no test panicked here").replace(AtWork { stop, runner });
        assert!(before.is_none(), "it was at work already");
        Parts { store, alarms, queue }
    }

    async fn stop(&self) {
        let at_work = self.at_work.lock().expect("no test panicked here").take();
        let AtWork { stop, runner } = at_work.expect("it was started");
        stop.send_replace(true);
        runner.await.expect("the runner ends without a panic");
    }
}

minoots_tests::store_cases!(Machine::new());
minoots_tests::clockwork_cases!(Machine::new());
