//! Callers: they create timers, endpoints and events, change their minds, and ask again when they get no answer.

use crate::calls::{Answered, SentEvent, TimerCall, TimerWish, WantedTimer};
use crate::functions::Functions;
use crate::plan::{NewEvent, NewTimer, Plan, Wish};
use crate::world::World;
use minoots_shared::app::{self, App, Caller, Once};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::api_key::{ApiKey, ApiKeySecret};
use minoots_shared::domain::ids::{ApiKeyId, EventId, TimerId};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::IdempotencyKey;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How often a caller asks again.
const TRIES: u64 = 30;

/// Everybody who calls in a run.
#[derive(Clone)]
pub(crate) struct Callers {
    /// The world.
    pub world: World,
    /// What is called.
    pub functions: Functions,
}

impl Callers {
    /// Carries out a plan, and returns when all of it was asked for.
    pub(crate) async fn carry_out(self, plan: Plan) {
        let mut tasks = JoinSet::new();
        for (number, endpoint) in plan.endpoints.into_iter().enumerate() {
            tasks.spawn_local(self.clone().keep_endpoint(number, endpoint));
        }
        for timer in plan.timers {
            tasks.spawn_local(self.clone().keep_timer(timer));
        }
        for event in plan.events {
            tasks.spawn_local(self.clone().send_event(event));
        }
        for (scope, at) in plan.replays {
            tasks.spawn_local(self.clone().replay(scope, at));
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                self.world.state().broken(format!("a caller's task ended badly: {error}"));
            }
        }
    }

    /// Asks until there is an answer. `None`: there never was one.
    pub(crate) async fn insist<T>(
        &self,
        ask: impl AsyncFn(&App) -> Result<T, app::Error>,
    ) -> Option<Result<T, app::Error>> {
        for attempt in 0..TRIES {
            match self.functions.request(async |app| ask(app).await).await {
                Some(Err(app::Error::Unavailable(_) | app::Error::Contended)) | None => {}
                Some(answered) => return Some(answered),
            }
            tokio::time::sleep(Millis(200 * (attempt + 1)).to_std()).await;
        }
        None
    }

    async fn keep_timer(self, plan: NewTimer) {
        self.world.sleep_until(plan.at).await;
        let place = {
            let begun = self.world.now();
            let wanted = WantedTimer {
                scope: plan.scope.clone(),
                name: plan.name.clone(),
                begun,
                created: None,
                webhooks: plan.webhooks,
                calls: Vec::new(),
            };
            let timers = &mut self.world.state().calls.timers;
            timers.push(wanted);
            timers.len() - 1
        };
        let Some(timer) = self.create(&plan).await else { return };
        self.world.state().calls.timers[place].created = Some((self.world.now(), timer.clone()));
        let mut asking = JoinSet::new();
        for (after, wish) in plan.wishes {
            let (callers, scope, id) = (self.clone(), plan.scope.clone(), timer.id.clone());
            asking.spawn_local(async move {
                tokio::time::sleep(after.to_std()).await;
                callers.ask(place, &scope, &id, &wish).await;
            });
        }
        while asking.join_next().await.is_some() {}
    }

    async fn create(&self, plan: &NewTimer) -> Option<Timer> {
        let body = parsed(&plan.body);
        let key = IdempotencyKey { scope: plan.scope.clone(), route: "POST /timers", key: plan.name.clone() };
        let once = Once { key, fingerprint: [7; 32] };
        let caller = caller(&plan.scope);
        let answered = self
            .insist(async |app| {
                // As the router does.
                if let Some(before) = app.answered_before(Some(&once)).await? {
                    return Ok(before);
                }
                let render: app::Render = Arc::new(|outcomes, _| {
                    let created = outcomes.first()?.as_ref().ok()?;
                    Some(created.id.as_str().as_bytes().to_vec())
                });
                Ok(match app.create(&caller, &[&body], Some(once.clone()), Arc::clone(&render)).await? {
                    app::Answered::Before(bytes) => bytes,
                    app::Answered::Now((outcomes, usage)) => render(&outcomes, usage).unwrap_or_default(),
                })
            })
            .await?;
        let id = match answered {
            Ok(id) => TimerId::new(String::from_utf8_lossy(&id)),
            Err(error) => {
                self.world.state().broken(format!("a creation was refused: {error}"));
                return None;
            }
        };
        let timer = self.world.state().table.timers.get(&(plan.scope.clone(), id.clone())).cloned();
        if timer.is_none() {
            self.world.state().broken(format!("timer {id} was acknowledged and is not there"));
        }
        timer
    }

    async fn ask(&self, place: usize, scope: &Scope, id: &TimerId, wish: &Wish) {
        let call = {
            let call = TimerCall { what: wish.kind(), begun: self.world.now(), answered: None };
            let calls = &mut self.world.state().calls.timers[place].calls;
            calls.push(call);
            calls.len() - 1
        };
        let answered = match wish {
            Wish::Cancel => {
                self.insist(async |app| app.cancel(scope, id, Some("changed my mind".to_owned())).await).await
            }
            Wish::Pause => self.insist(async |app| app.pause(scope, id).await).await,
            Wish::Resume => self.insist(async |app| app.resume(scope, id).await).await,
            Wish::Fire => self.insist(async |app| app.fire(scope, id).await).await,
            Wish::Change(_, body) => {
                let body = parsed(body);
                // Moving an end by so much twice is not moving it once: who gets no answer doesn't ask again.
                let once = self.functions.request(async |app| app.change(scope, id, &body).await).await;
                once.filter(|answered| !matches!(answered, Err(app::Error::Unavailable(_) | app::Error::Contended)))
            }
        };
        let now = self.world.now();
        let answered = answered.map(|answered| match answered {
            Ok(timer) => Answered::Done(Box::new(timer)),
            Err(refused) => Answered::Refused(refused.to_string()),
        });
        self.world.note("caller", &format!("{:?} of {id} is answered {}", wish.kind(), says(answered.as_ref())));
        self.world.state().calls.timers[place].calls[call].answered = answered.map(|answered| (now, answered));
    }

    /// Sends an event when it is time to.
    pub(crate) async fn send_event(self, plan: NewEvent) {
        self.world.sleep_until(plan.at).await;
        let place = {
            let (id, begun) = (EventId::new(plan.id.clone()), self.world.now());
            let sent = SentEvent { scope: plan.scope.clone(), id, begun, answered: None };
            let events = &mut self.world.state().calls.events;
            events.push(sent);
            events.len() - 1
        };
        let body = parsed(&format!(
            r#"{{"type": "{}", "id": "{}", "data": {{"number": 1.0, "id": "{}"}}}}"#,
            plan.event_type, plan.id, plan.id
        ));
        let answered = self.insist(async |app| app.send_event(&plan.scope, &body, None, |_| Vec::new()).await).await;
        match answered {
            Some(Ok(_)) => self.world.state().calls.events[place].answered = Some(self.world.now()),
            Some(Err(error)) => self.world.state().broken(format!("event {} was refused: {error}", plan.id)),
            None => {}
        }
    }

    async fn replay(self, scope: Scope, at: Timestamp) {
        self.world.sleep_until(at).await;
        let failed: Vec<_> = {
            let state = self.world.state();
            let of_scope = state.table.deliveries.values().filter(|delivery| delivery.scope == scope);
            of_scope.filter(|delivery| !delivery.status.is_open()).map(|delivery| delivery.id.clone()).collect()
        };
        let Some(one) = failed.first() else { return };
        let now = self.world.now();
        if at.0.is_multiple_of(2) {
            self.world.state().calls.replays.entry(one.clone()).or_default().push(now);
            let _ = self.functions.request(async |app| app.replay(&scope, one).await).await;
        } else {
            // What fails while this goes on may be among them.
            let all: Vec<_> = self.world.state().table.deliveries.keys().map(|(_, id)| id.clone()).collect();
            for id in all {
                self.world.state().calls.replays.entry(id).or_default().push(now);
            }
            let _ = self.functions.request(async |app| app.replay_failed(&scope, None).await).await;
        }
    }
}

fn says(answered: Option<&Answered>) -> String {
    match answered {
        None => "nothing".to_owned(),
        Some(Answered::Done(timer)) => format!("{:?} epoch {}", timer.state, timer.epoch),
        Some(Answered::Refused(why)) => why.clone(),
    }
}

/// A body that the plan wrote.
pub(crate) fn parsed(body: &str) -> Json {
    match Json::parse(body.as_bytes()) {
        Ok(json) => json,
        Err(error) => panic!("the plan wrote bad JSON: {error}: {body}"),
    }
}

fn caller(scope: &Scope) -> Caller {
    let secret = ApiKeySecret::new("mnt_live_of_the_simulation_alone");
    let key = ApiKey {
        id: ApiKeyId::new("key_simulation"),
        scope: scope.clone(),
        name: None,
        preview: secret.preview(),
        digest: secret.digest(),
        created_at: Timestamp(0),
    };
    Caller { key }
}

impl Wish {
    fn kind(&self) -> TimerWish {
        match self {
            Self::Cancel => TimerWish::Cancel,
            Self::Pause => TimerWish::Pause,
            Self::Resume => TimerWish::Resume,
            Self::Fire => TimerWish::Fire,
            Self::Change(kind, _) => *kind,
        }
    }
}
