//! What is promised of timers.

use super::Seen;
use crate::arrivals::Arrival;
use crate::calls::{Answered, TimerWish, WantedTimer};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::{State, Status, Timer};
use std::collections::BTreeMap;

/// How long a request may take to have its effect.
const REQUEST: Millis = Millis::seconds(11);

pub(super) fn check(seen: &Seen<'_>, broken: &mut Vec<String>) {
    for wanted in &seen.state.calls.timers {
        let named: Vec<_> = seen
            .state
            .table
            .timers
            .values()
            .filter(|timer| timer.scope == wanted.scope && timer.name == wanted.name)
            .collect();
        if named.len() > 1 {
            broken.push(format!("{} was created {} times over", wanted.name, named.len()));
        }
        if let Some((_, created)) = &wanted.created {
            match seen.state.table.timers.get(&(created.scope.clone(), created.id.clone())) {
                None => broken.push(format!("timer {} was acknowledged and is gone", created.id)),
                Some(timer) => One { seen, wanted, created, timer }.check(broken),
            }
        }
    }
}

/// One acknowledged timer.
struct One<'a> {
    seen: &'a Seen<'a>,
    wanted: &'a WantedTimer,
    created: &'a Timer,
    timer: &'a Timer,
}

impl One<'_> {
    fn check(&self, broken: &mut Vec<String>) {
        let mut found = Vec::new();
        self.ends_once(&mut found);
        self.tells_once(&mut found);
        self.is_never_early(&mut found);
        self.is_silent_after_its_cancellation(&mut found);
        self.is_silent_about_an_earlier_end(&mut found);
        let label = format!("{} ({})", self.wanted.name, self.timer.id);
        broken.extend(found.into_iter().map(|what| format!("timer {label}: {what}")));
    }

    fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        let of_timer = |delivery: &&Delivery| {
            delivery.scope == self.timer.scope && delivery.source.timer() == Some(&self.timer.id)
        };
        self.seen.state.table.deliveries.values().filter(of_timer)
    }

    /// An acknowledged timer reaches exactly one end.
    fn ends_once(&self, broken: &mut Vec<String>) {
        let ended = self.seen.state.table.ended.get(&(self.timer.scope.clone(), self.timer.id.clone()));
        if ended != Some(&1) {
            broken.push(format!("it ended {} times: {:?}", ended.unwrap_or(&0), self.timer.state));
        }
        let cancelled = self.answered(TimerWish::Cancel).any(|(_, _, timer)| timer.status() == Status::Cancelled);
        if cancelled && self.timer.status() != Status::Cancelled {
            broken.push(format!("its cancellation was acknowledged, and it is {:?}", self.timer.state));
        }
        if let State::Cancelled { end: Some(end), at, .. } = self.timer.state
            && at >= end
        {
            broken.push(format!("it was cancelled {} ms after its end", at.since(end).0));
        }
        let fired = self.answered(TimerWish::Fire).next().is_some();
        if fired && self.timer.status() != Status::Expired {
            broken.push(format!("its firing was acknowledged, and it is {:?}", self.timer.state));
        }
    }

    /// Each event that has a webhook leads to one delivery: never to none, never to two.
    fn tells_once(&self, broken: &mut Vec<String>) {
        let mut told: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for delivery in self.deliveries() {
            let milestone = delivery.body.split_once(r#""milestone":""#).and_then(|(_, rest)| rest.split_once('"'));
            let milestone = milestone.map_or(String::new(), |(label, _)| label.to_owned());
            *told.entry((&delivery.event, milestone)).or_default() += 1;
        }
        for ((event, milestone), times) in told.iter().filter(|(_, times)| **times > 1) {
            broken.push(format!("{event} {milestone} led to {times} deliveries"));
        }
        let of = |event: &str| told.keys().filter(|(told, _)| *told == event).count();
        let webhooks = self.wanted.webhooks;
        let (expired, cancelled) = match self.timer.status() {
            Status::Expired => (usize::from(webhooks.expire), 0),
            _ => (0, usize::from(webhooks.cancel || webhooks.expire)),
        };
        for (event, expected) in [("timer_expired", expired), ("timer_cancelled", cancelled)] {
            if of(event) != expected {
                broken.push(format!("{event} led to {} deliveries, not {expected}: {:?}", of(event), self.timer.state));
            }
        }
        let is_unchanged = self.wanted.calls.is_empty() && self.timer.status() == Status::Expired;
        if is_unchanged {
            let milestones = self.timer.fired.len();
            let planned = Timer { fired: Vec::new(), ..self.timer.clone() };
            let State::Expired { start, at } = self.timer.state else { return };
            let planned = Timer { state: State::Running { start, end: at }, planned_at: start, ..planned };
            let planned = planned.pending().len() - 1;
            if milestones != planned {
                broken.push(format!("{milestones} of its {planned} milestones fired"));
            }
            if webhooks.progress && of("timer_progress") != planned {
                broken.push(format!("{} of its {planned} milestones were told of", of("timer_progress")));
            }
        }
    }

    /// Nothing is sent before it is due, by a clock that is as far off as clocks here are.
    fn is_never_early(&self, broken: &mut Vec<String>) {
        for delivery in self.deliveries() {
            let due = delivery.created_at.minus(Millis(self.seen.profile.skew));
            if let Some(early) = self.seen.of(&delivery.id).iter().find(|arrival| arrival.at < due) {
                broken.push(format!("{} came {} ms early", delivery.event, due.since(early.at).0));
            }
        }
        let Some(end) = self.acknowledged_end() else { return };
        let due = end.minus(Millis(self.seen.profile.skew));
        let expired = self.deliveries().filter(|delivery| delivery.event == "timer_expired");
        for arrival in expired.flat_map(|delivery| self.seen.of(&delivery.id)) {
            if arrival.at < due {
                broken.push(format!("it expired {} ms before its acknowledged end", due.since(arrival.at).0));
            }
        }
    }

    /// When it is to end by what its caller was told last, if all that was asked of it was answered before the end was due and
    /// nothing let it expire before.
    fn acknowledged_end(&self) -> Option<Timestamp> {
        let mut last = (Timestamp(0), self.created);
        for call in &self.wanted.calls {
            match call.answered.as_ref()? {
                // One that was refused may have been done before, and its answer lost.
                _ if call.what == TimerWish::Fire => return None,
                (at, Answered::Done(timer)) if *at > last.0 => last = (*at, timer),
                _ => {}
            }
        }
        // Two requests at once may have been answered in another order than they were carried out in.
        let newest = self.wanted.calls.iter().filter_map(|call| match call.answered.as_ref()? {
            (_, Answered::Done(timer)) => Some(timer.revision),
            _ => None,
        });
        if newest.max().is_some_and(|newest| newest > last.1.revision) {
            return None;
        }
        match last.1.state {
            State::Running { end, .. } | State::Expired { at: end, .. } => Some(end),
            _ => None,
        }
    }

    /// No attempt of an expired or progress event begins after its timer's cancellation was answered.
    fn is_silent_after_its_cancellation(&self, broken: &mut Vec<String>) {
        let cancelled = self.answered(TimerWish::Cancel).filter(|(_, _, timer)| timer.status() == Status::Cancelled);
        let Some((begun, answered)) = cancelled.map(|(begun, at, _)| (begun, at)).min_by_key(|(_, at)| *at) else {
            return;
        };
        for delivery in self.deliveries().filter(|delivery| delivery.event != "timer_cancelled") {
            if let Some(late) = self.begun_after(delivery, begun, answered) {
                broken.push(format!(
                    "attempt {} of {} began {} ms after the cancellation was answered",
                    late.attempt,
                    delivery.event,
                    late.begun.since(answered).0
                ));
            }
        }
    }

    /// An event of an earlier end is never sent after the change of the end was answered.
    fn is_silent_about_an_earlier_end(&self, broken: &mut Vec<String>) {
        for (begun, answered, timer) in self.answered(TimerWish::Move) {
            let planned = timer.planned_at;
            let earlier = self.deliveries().filter(|delivery| delivery.created_at < planned);
            for delivery in earlier.filter(|delivery| delivery.event == "timer_progress") {
                if let Some(late) = self.begun_after(delivery, begun, answered) {
                    broken.push(format!(
                        "attempt {} of a milestone of the plan before began {} ms after the change was answered",
                        late.attempt,
                        late.begun.since(answered).0
                    ));
                }
            }
        }
    }

    /// An attempt that began after the answer, unless the owner asked for it to be sent again, which may have come after what
    /// withdrew it.
    fn begun_after(&self, delivery: &Delivery, begun: Timestamp, answered: Timestamp) -> Option<&Arrival> {
        let replays = self.seen.state.calls.replays.get(&delivery.id);
        if replays.is_some_and(|replays| replays.iter().any(|replay| replay.plus(REQUEST) >= begun)) {
            return None;
        }
        self.seen.of(&delivery.id).iter().find(|arrival| arrival.begun > answered).copied()
    }

    /// When requests of a kind were sent and answered, and what the timer was then.
    fn answered(&self, what: TimerWish) -> impl Iterator<Item = (Timestamp, Timestamp, &Timer)> {
        self.wanted.calls.iter().filter(move |call| call.what == what).filter_map(|call| {
            match call.answered.as_ref()? {
                (at, Answered::Done(timer)) => Some((call.begun, *at, &**timer)),
                (_, Answered::Refused(_)) => None,
            }
        })
    }
}
