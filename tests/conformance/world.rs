//! Where each case takes place: a fresh store with the case's own scope in it and, beside it, neighbours whose data look
//! just like it. Isolation is part of every promise: when a case is over, its neighbours must not have noticed.

use crate::infrastructure::Infrastructure;
use crate::samples::{FAR, NOW, Sketch, fall_due};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::{AccountId, DeliveryId, TimerId};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{
    Created, Creation, DueDelivery, DueTimer, Idempotency, IdempotencyKey, Placement, Remembered, Store, TimerPage,
    TimerQuery, TimerStep, Unavailable,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// More than any case stores.
pub(crate) const ALL: usize = 10_000;

/// A case's surroundings.
pub(crate) struct World<'a> {
    infrastructure: &'a dyn Infrastructure,
    store: Option<Arc<dyn Store>>,
    /// Whose promises are tested.
    pub(crate) mine: Scope,
    /// Another account, whose name begins like mine, and my account's other mode.
    neighbours: [Neighbour; 2],
}

/// A scope that must not notice what happens in mine, and what is in it.
struct Neighbour {
    scope: Scope,
    timers: BTreeMap<TimerId, Timer>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    remembered: Vec<(IdempotencyKey, Remembered)>,
}

/// An infrastructure under test is expected to work.
pub(crate) trait Sure<T> {
    /// What a step returned.
    fn sure(self) -> T;
}

impl<T> Sure<T> for Result<T, Unavailable> {
    #[track_caller]
    fn sure(self) -> T {
        self.unwrap_or_else(|error| panic!("{error}: {}", error.0))
    }
}

impl<'a> World<'a> {
    /// An empty store.
    pub(crate) async fn new(infrastructure: &'a dyn Infrastructure) -> Self {
        let scope = |account: &str, mode| Scope { account: AccountId::new(account), mode };
        let neighbour =
            |scope| Neighbour { scope, timers: BTreeMap::new(), deliveries: BTreeMap::new(), remembered: Vec::new() };
        Self {
            infrastructure,
            store: Some(infrastructure.open_store().await),
            mine: scope("acct", Mode::Live),
            neighbours: [neighbour(scope("acct2", Mode::Live)), neighbour(scope("acct", Mode::Test))],
        }
    }

    /// The store.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store.clone().expect("it is open except while it is opened again")
    }

    /// Closes the store and opens it again, as a restart does.
    pub(crate) async fn restart(&mut self) {
        self.store = None;
        self.store = Some(self.infrastructure.open_store().await);
    }

    /// My scope, and those of the neighbours.
    pub(crate) fn scopes(&self) -> [Scope; 3] {
        let [one, other] = &self.neighbours;
        [self.mine.clone(), one.scope.clone(), other.scope.clone()]
    }

    /// A neighbour's scope.
    pub(crate) fn foreign(&self) -> Scope {
        self.neighbours[0].scope.clone()
    }

    /// Creates timers in my scope, and before that the same in the neighbours'.
    pub(crate) async fn create(&mut self, sketches: &[Sketch]) -> Vec<Timer> {
        let timers: Vec<_> = sketches.iter().map(|sketch| sketch.timer(&self.mine)).collect();
        self.surround(&timers).await;
        create(&*self.store(), &self.mine, &timers).await;
        timers
    }

    /// Gives the neighbours what is going to be tried in my scope: timers like these, unless they have such ids already.
    pub(crate) async fn surround(&mut self, timers: &[Timer]) {
        let store = self.store();
        for Neighbour { scope, timers: known, .. } in &mut self.neighbours {
            let mut new: Vec<Timer> = Vec::new();
            for timer in timers.iter().filter(|timer| !known.contains_key(&timer.id)) {
                if new.iter().all(|new| new.id != timer.id) {
                    new.push(Timer { scope: scope.clone(), ..timer.clone() });
                }
            }
            create(&*store, scope, &new).await;
            known.extend(new.into_iter().map(|timer| (timer.id.clone(), timer)));
        }
    }

    /// [`Self::create`] for one.
    pub(crate) async fn create_one(&mut self, sketch: Sketch) -> Timer {
        self.create(&[sketch]).await.remove(0)
    }

    /// Tries to create timers in my scope, under a limit; the neighbours have such timers, or get them first.
    pub(crate) async fn place(&mut self, timers: Vec<Timer>, limit: Option<u32>) -> Vec<Placement> {
        self.surround(&timers).await;
        self.place_alone(timers, limit).await
    }

    /// Tries to create timers in my scope that no neighbour has.
    pub(crate) async fn place_alone(&self, timers: Vec<Timer>, limit: Option<u32>) -> Vec<Placement> {
        match self.store().create_timers(creation(&self.mine, timers, limit, None)).await.sure() {
            Created::Placed(placements) => placements,
            Created::Known(known) => panic!("no idempotency key was given, but one is known: {known:?}"),
        }
    }

    /// Lets what is due by `now` happen to my timer, and before that to the neighbours' of the same id.
    pub(crate) async fn fall_due(&mut self, timer: &Timer, now: Timestamp) -> (Timer, Vec<Delivery>) {
        let store = self.store();
        for neighbour in &mut self.neighbours {
            let theirs = neighbour.timers.get_mut(&timer.id).expect("the neighbours have the same timers");
            let step = fall_due(theirs, now);
            *theirs = step.timer.clone();
            neighbour.deliveries.extend(step.deliveries.iter().map(|new| (new.id.clone(), Delivery::clone(new))));
            assert!(store.commit_step(step).await.sure(), "nothing else changed the neighbour's timer");
        }
        let step = fall_due(timer, now);
        let deliveries = step.deliveries.iter().map(|delivery| Delivery::clone(delivery)).collect();
        (self.take(step).await, deliveries)
    }

    /// A step in my scope that nothing stands in the way of.
    pub(crate) async fn take(&self, step: TimerStep) -> Timer {
        let after = step.timer.clone();
        assert!(self.store().commit_step(step).await.sure(), "nothing else changed the timer");
        after
    }

    /// My timer as it is stored.
    pub(crate) async fn timer(&self, id: &TimerId) -> Timer {
        self.store().timer(&self.mine, id).await.sure().expect("the timer is stored")
    }

    /// My delivery as it is stored.
    pub(crate) async fn delivery(&self, id: &DeliveryId) -> Delivery {
        let mut found = self.store().deliveries(&self.mine, std::slice::from_ref(id)).await.sure();
        assert_eq!(found.len(), 1, "the delivery is stored");
        found.remove(0)
    }

    /// My timers with something due by `until`.
    pub(crate) async fn due_timers(&self, until: Timestamp) -> Vec<DueTimer> {
        let mut due = self.store().due_timers(until, ALL).await.sure();
        due.retain(|due| due.scope == self.mine);
        due
    }

    /// My deliveries with an attempt due by `until`.
    pub(crate) async fn due_deliveries(&self, until: Timestamp) -> Vec<DueDelivery> {
        let mut due = self.store().due_deliveries(None, until, ALL).await.sure();
        due.retain(|due| due.scope == self.mine);
        due
    }

    /// An idempotency key of mine, with an answer to remember for an hour; each neighbour has remembered another under
    /// the same key.
    pub(crate) async fn idempotency(&mut self, route: &'static str, key: &str, answer: &str) -> Idempotency {
        let store = self.store();
        for neighbour in &mut self.neighbours {
            let theirs = idempotency(&neighbour.scope, route, key, "a neighbour's", NOW);
            let remembered = Remembered {
                fingerprint: theirs.fingerprint,
                answer: b"a neighbour's".into(),
                expires_at: theirs.expires_at,
            };
            neighbour.remembered.push((theirs.key.clone(), remembered));
            let creation = creation(&neighbour.scope, Vec::new(), None, Some(theirs));
            assert_eq!(store.create_timers(creation).await.sure(), Created::Placed(Vec::new()));
        }
        idempotency(&self.mine, route, key, answer, NOW)
    }

    /// The case is over: the neighbours have what they had, all of it and nothing else.
    pub(crate) async fn over(self) {
        let store = self.store();
        let due_timers = store.due_timers(FAR, ALL).await.sure();
        let due_deliveries = store.due_deliveries(None, FAR, ALL).await.sure();
        for Neighbour { scope, timers, deliveries, remembered } in &self.neighbours {
            let listed = pages(&*store, scope, TimerQuery { limit: 100, ..TimerQuery::default() }).await;
            let mut listed: Vec<_> = listed.into_iter().flat_map(|page| page.timers).collect();
            listed.sort_by(|one, other| one.id.cmp(&other.id));
            assert_eq!(listed, timers.values().cloned().collect::<Vec<_>>(), "a neighbour's timers");
            let running = timers.values().filter(|timer| !timer.status().has_ended()).count() as u64;
            assert_eq!(store.concurrent_timers(scope).await.sure(), running, "a neighbour's running timers");
            let mut due: Vec<_> =
                due_timers.iter().filter(|due| due.scope == *scope).map(|due| (&due.id, due.at)).collect();
            due.sort();
            let expected: Vec<_> = timers.values().filter_map(|timer| Some((&timer.id, timer.next_due()?))).collect();
            assert_eq!(due, expected, "a neighbour's due timers");
            let ids: Vec<_> = deliveries.keys().cloned().collect();
            let mut found = store.deliveries(scope, &ids).await.sure();
            found.sort_by(|one, other| one.id.cmp(&other.id));
            assert_eq!(found, deliveries.values().cloned().collect::<Vec<_>>(), "a neighbour's deliveries");
            let mut due: Vec<_> = due_deliveries.iter().filter(|due| due.scope == *scope).map(|due| &due.id).collect();
            due.sort();
            assert_eq!(due, deliveries.keys().collect::<Vec<_>>(), "a neighbour's due deliveries");
            for (key, answer) in remembered {
                assert_eq!(store.remembered(key, NOW).await.sure().as_ref(), Some(answer), "a neighbour's answer");
            }
        }
    }
}

/// A creation.
pub(crate) fn creation(
    scope: &Scope,
    timers: Vec<Timer>,
    limit: Option<u32>,
    idempotency: Option<Idempotency>,
) -> Creation {
    Creation { scope: scope.clone(), timers: timers.into_iter().map(Arc::new).collect(), limit, idempotency }
}

/// Stores timers that nothing stands in the way of.
pub(crate) async fn create(store: &dyn Store, scope: &Scope, timers: &[Timer]) {
    let created = store.create_timers(creation(scope, timers.to_vec(), None, None)).await.sure();
    assert_eq!(created, Created::Placed(vec![Placement::Stored; timers.len()]));
}

/// An answer to remember for an hour from `at` on.
pub(crate) fn idempotency(scope: &Scope, route: &'static str, key: &str, answer: &str, at: Timestamp) -> Idempotency {
    let mut fingerprint = [0; 32];
    for (place, byte) in fingerprint.iter_mut().zip(answer.bytes()) {
        *place = byte;
    }
    let key = IdempotencyKey { scope: scope.clone(), route, key: key.to_owned() };
    let answer = answer.as_bytes().to_vec();
    let expires_at = at.plus(Millis::HOUR);
    Idempotency { key, fingerprint, at, expires_at, answer: Arc::new(move |_| Some(answer.clone())) }
}

/// All pages of a list, from the query's position on.
pub(crate) async fn pages(store: &dyn Store, scope: &Scope, mut query: TimerQuery) -> Vec<TimerPage> {
    let mut pages = Vec::new();
    while pages.len() < ALL {
        let page = store.timers(scope, &query).await.sure();
        assert!(page.timers.len() <= query.limit, "{} timers on a page of {}", page.timers.len(), query.limit);
        let next = page.next.clone();
        pages.push(page);
        match next {
            Some(next) => query.after = Some(next),
            None => return pages,
        }
    }
    panic!("the list has no end");
}

/// Runs `count` tasks that begin together, and gives what they returned, in order.
pub(crate) async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|index| {
            let (start, work) = (Arc::clone(&start), task(index));
            tokio::spawn(async move {
                start.wait().await;
                work.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.expect("a task panicked"));
    }
    results
}
