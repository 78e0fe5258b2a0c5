"""Bugs to plant, for planted.py: each one that a colleague could make on a bad day."""

# name: (file, [(text, what to put in its place), …])
BUGS = {
    "a delivery is sent before it is written": (
        "shared/src/app/fall_due.rs",
        [
            (
                "            if let Some(taken) = self.commit(&timer, transition).await? {",
                "            let early = transition.happened.iter().filter_map(crate::webhook::payload::delivery);\n"
                "            self.send(early.map(Arc::new).collect()).await?;\n"
                "            if let Some(taken) = self.commit(&timer, transition).await? {",
            ),
            ("                let sent = self.send(taken.deliveries).await;", "                let sent = Ok(());"),
        ],
    ),
    "an alarm is believed, whatever its epoch": (
        "shared/src/app/fall_due.rs",
        [
            (
                "timer.filter(|timer| timer.epoch == alarm.epoch)",
                "timer.filter(|timer| timer.epoch >= alarm.epoch)",
            ),
            (
                "            let Some(transition) = timer.fall_due(self.clock.now()) else {\n"
                "                self.catch_up",
                "            let due = timer.next_due().unwrap_or_default().max(self.clock.now());\n"
                "            let Some(transition) = timer.fall_due(due) else {\n"
                "                self.catch_up",
            ),
        ],
    ),
    "a message that comes too early is done with": (
        "infra/aws/src/handlers/expiry.rs",
        [("            return Outcome::SendOn(message);", "            return Outcome::Done(None);")],
    ),
    "nobody waits for the last fraction of a second": (
        "infra/aws/src/handlers/expiry.rs",
        [
            ("        tokio::time::sleep(early.to_std()).await;\n", ""),
            ("        while self.app.clock().now() < message.at {", "        while false {"),
        ],
    ),
    "the number of receives ends a delivery": (
        "infra/aws/src/handlers/delivery.rs",
        [
            (
                "        let scope = message.scope();\n",
                "        let scope = message.scope();\n"
                "        if record.receives() > 4 {\n            return (Fate::DeadLetter, None);\n        }\n",
            )
        ],
    ),
    "the attempt's number is the number of receives": (
        "infra/aws/src/handlers/delivery.rs",
        [
            (
                "self.app.attempt(&scope, &message.delivery)).await {",
                "self.app.attempt_numbered(&scope, &message.delivery, record.receives())).await {",
            )
        ],
    ),
    "a message is not hidden until its retry is due": (
        "infra/aws/src/handlers/delivery.rs",
        [
            (
                "            Fate::At(at) => Some((record, at.since(now).0.div_ceil(1_000)",
                "            Fate::At(at) => Some((record, (at.since(now).0 / 60_000)",
            )
        ],
    ),
    "a retry comes ahead of its wait": (
        "infra/aws/src/handlers/delivery.rs",
        [
            (
                "            delivery.next_attempt_at.filter(|at| at.since(now) > Millis(0)).map(Fate::At)",
                "            delivery.next_attempt_at.filter(|at| at.since(now) > Millis(4_000)).map(Fate::At)",
            )
        ],
    ),
    "a second message makes the retry at once": (
        "shared/src/app/deliver.rs",
        [("        if is_waiting {", "        if is_waiting && delivery.attempts.is_empty() {")],
    ),
    "a failure of a batch is not reported": (
        "infra/aws/src/handlers/events.rs",
        [("records.into_iter().map(failure)", "records.into_iter().skip(1).map(failure)")],
    ),
    "the sweep forgets deliveries": (
        "shared/src/app/sweep.rs",
        [("        while swept.missed < limit {", "        while swept.missed < limit.min(0) {")],
    ),
    "the sweep forgets timers": (
        "shared/src/app/sweep.rs",
        [("        if !alarms.is_empty() {", "        if alarms.len() > 1_000 {")],
    ),
    "the sweep forgets events": (
        "shared/src/app/sweep.rs",
        [("        if !waiting.is_empty() {", "        if waiting.len() > 1_000 {")],
    ),
    "each attempt has an id of its own": (
        "shared/src/webhook/client.rs",
        [
            (
                "    let (id, seconds) = (delivery.id.as_str(), stamped.unix_seconds().to_string());",
                '    let fresh = format!("{}{}", delivery.id, delivery.next_attempt());\n'
                "    let (id, seconds) = (fresh.as_str(), stamped.unix_seconds().to_string());",
            )
        ],
    ),
    "the body is rendered anew for each attempt": (
        "shared/src/webhook/client.rs",
        [
            (
                "Some(String::from(&*outgoing.delivery.body).into())",
                'Some(outgoing.delivery.body.replacen(\'{\', &format!("{{\\"sent\\":{},", now.0), 1).into())',
            )
        ],
    ),
    "Retry-After is not heeded": (
        "shared/src/domain/attempt.rs",
        [("self.plan.wait_after(in_plan, asked, ", "self.plan.wait_after(in_plan, asked.filter(|_| false), ")],
    ),
    "a cancellation withdraws nothing": (
        "shared/src/domain/transition.rs",
        [("Ok(Some(Transition { withdraw: Some(CANCELLED), ..self", "Ok(Some(Transition { withdraw: None, ..self")],
    ),
    "a moved end withdraws nothing": (
        "shared/src/domain/transition.rs",
        [("let withdraw = change.end.map(|_| CHANGED);", "let withdraw = change.end.and(None);")],
    ),
    "a timer that was cancelled can expire": (
        "shared/src/domain/transition.rs",
        [
            (
                "            State::Cancelled { .. } => return Ok(None),\n",
                "            State::Cancelled { start, .. } => (start, None, Millis(1)),\n",
            )
        ],
    ),
    "an end that moved leaves the epoch as it was": (
        "shared/src/domain/transition.rs",
        [("Self { epoch: self.epoch + 1, planned_at: now,", "Self { planned_at: now,")],
    ),
    "what fell due before a change is forgotten": (
        "shared/src/app/step.rs",
        [
            (
                "            if let Some(overdue) = timer.fall_due(now) {",
                "            if let Some(overdue) = timer.fall_due(now).filter(|_| false) {",
            )
        ],
    ),
    "a milestone that fired fires again": (
        "shared/src/domain/timer.rs",
        [
            (
                "self.milestones.iter().filter(|milestone| !self.fired.contains(&milestone.position))",
                "self.milestones.iter()",
            )
        ],
    ),
    "a fan-out starts over, with new ids": (
        "shared/src/webhook/event_payload.rs",
        [
            (
                "    DeliveryId::derive(event.created_at, &digest.finalize().into())",
                "    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);\n"
                "    digest.update(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_le_bytes());\n"
                "    DeliveryId::derive(event.created_at, &digest.finalize().into())",
            )
        ],
    ),
    "a creation forgets its idempotency key": (
        "shared/src/app/create.rs",
        [("events: events.clone(), idempotency };", "events: events.clone(), idempotency: None };")],
    ),
    "an account's messages belong to no group": (
        "infra/aws/src/sending.rs",
        [(".message_group_id(&message.group)", '.message_group_id("all")')],
    ),
    "far alarms are never set": (
        "infra/aws/src/alarms.rs",
        [
            (
                "                Arming::Schedule(at) => far.push((alarm.clone(), at)),",
                "                Arming::Schedule(_) => {}",
            )
        ],
    ),
    "410 is tried again": (
        "shared/src/domain/attempt.rs",
        [("                if code == Some(410) {", "                if code == Some(411) {")],
    ),
    "an endpoint is read once and remembered": (
        "shared/src/app/deliver.rs",
        [
            (
                "            Source::Endpoint { endpoint, .. } => match self.store.endpoint(scope, endpoint).await? {",
                "            Source::Endpoint { endpoint, .. } => match self.remembered(scope, endpoint).await? {",
            ),
            (
                "    async fn make(\n",
                "    async fn remembered(\n"
                "        &self, scope: &Scope, id: &EndpointId,\n"
                "    ) -> Result<Option<Endpoint>, Unavailable> {\n"
                "        use std::{collections::BTreeMap, sync::Mutex};\n"
                "        static KNOWN: Mutex<BTreeMap<String, Endpoint>> = Mutex::new(BTreeMap::new());\n"
                "        let known = KNOWN.lock().ok().and_then(|known| known.get(id.as_str()).cloned());\n"
                "        if known.is_some() {\n            return Ok(known);\n        }\n"
                "        let read = self.store.endpoint(scope, id).await?;\n"
                "        if let (Some(read), Ok(mut known)) = (&read, KNOWN.lock()) {\n"
                "            known.insert(id.as_str().to_owned(), read.clone());\n        }\n"
                "        Ok(read)\n    }\n\n"
                "    async fn make(\n",
            ),
        ],
    ),
    "410 deactivates nothing": (
        "shared/src/app/deliver.rs",
        [
            (
                "        if let Some(endpoint) = endpoint.filter(|_| is_gone) {",
                "        if let Some(endpoint) = endpoint.filter(|_| is_gone && false) {",
            )
        ],
    ),
    "410 is recorded before its endpoint is deactivated": (
        "shared/src/app/deliver.rs",
        [
            (
                "        if let Some(endpoint) = endpoint.filter(|_| is_gone) {",
                "        if let Some(endpoint) = endpoint.filter(|_| is_gone && false) {",
            ),
            (
                "            if is_gone {\n",
                "            if is_gone {\n"
                "                self.deactivate(&delivery.scope, &endpoint.id, ANSWERED_GONE).await?;\n",
            ),
        ],
    ),
    "an endpoint that is gone is sent retries": (
        "shared/src/app/deliver.rs",
        [
            (
                "            Source::Endpoint { endpoint, .. } => match self.store.endpoint(scope, endpoint).await? {",
                "            Source::Endpoint { endpoint, .. } if !delivery.attempts.is_empty() => {\n"
                "                let Some(endpoint) = self.store.endpoint(scope, endpoint).await? else {\n"
                "                    return self.give_up(delivery, DELETED).await;\n"
                "                };\n"
                "                let outgoing = Outgoing::to_endpoint(delivery, &endpoint);\n"
                "                self.make(&outgoing, Some(&endpoint), answered).await\n"
                "            }\n"
                "            Source::Endpoint { endpoint, .. } => match self.store.endpoint(scope, endpoint).await? {",
            )
        ],
    ),
    "what is open for an endpoint that is gone stays open": (
        "shared/src/app/deliver.rs",
        [("            if is_gone {\n", "            if is_gone && delivery.attempts.len() > 1_000 {\n")],
    ),
    "nobody is told of a deactivation": (
        "shared/src/app/deactivate.rs",
        [("let event = (!targets.is_empty()).then(", "let event = (targets.len() > 1_000).then(")],
    ),
    "a success does not end a row of failures": (
        "shared/src/domain/figures.rs",
        [
            (
                "self.failing_since = attempt.error.as_ref().and(self.failing_since.or(Some(attempt.sent_at)));",
                "self.failing_since = self.failing_since.or(attempt.error.as_ref().map(|_| attempt.sent_at));",
            )
        ],
    ),
    "who is activated is not given five days anew": (
        "shared/src/domain/endpoint_settings.rs",
        [("            if !endpoint.active {", "            if endpoint.active {")],
    ),
    "patience ends half a minute early": (
        "shared/src/domain/endpoint.rs",
        [("now.since(since) >= PATIENCE)", "now.since(since) >= Millis(PATIENCE.0 - 30_000))")],
    ),
    "patience begins anew with each look at it": (
        "shared/src/app/patience.rs",
        [("failing_since.unwrap_or(now).plus(PATIENCE)", "failing_since.map_or(now, |_| now).plus(PATIENCE)")],
    ),
    "what is open for an endpoint that failed for too long stays open": (
        "shared/src/app/deliver.rs",
        [("            self.give_up_all(scope, id, &deactivated(&reason)).await;\n", "")],
    ),
    "a timer that expires does not tell endpoints": (
        "shared/src/app/fall_due.rs",
        [("                self.hand_over(&taken.events).await.and(sent)?;", "                sent?;")],
    ),
}

# What some of the bugs above need to be written down.
HELPERS = {
    "the number of receives ends a delivery": ["receives"],
    "the attempt's number is the number of receives": ["receives", "attempt_numbered"],
}
RECEIVES = (
    "infra/aws/src/handlers/events.rs",
    "    /// Whether it has been received before.",
    "    /// How often it has been received.\n"
    "    pub(super) fn receives(&self) -> u32 {\n"
    "        self.attributes.approximate_receive_count.as_deref().and_then(|count| count.parse().ok()).unwrap_or(1)\n"
    "    }\n\n"
    "    /// Whether it has been received before.",
)
ATTEMPT_NUMBERED = (
    "shared/src/app/deliver.rs",
    "    async fn make(\n",
    "    /// The next attempt, under a number that somebody else counts.\n"
    "    ///\n"
    "    /// # Errors\n"
    "    /// As [`Self::attempt`].\n"
    "    pub async fn attempt_numbered(\n"
    "        &self, scope: &Scope, id: &DeliveryId, number: u32,\n"
    "    ) -> Result<Option<Delivery>, Unavailable> {\n"
    "        let Some(mut delivery) = self.store.begin_attempt(scope, id).await? else { return Ok(None) };\n"
    "        let (due_at, sent_at) = Default::default();\n"
    "        let (attempt, duration_ms, response_code, error) = (0, Millis(0), None, None);\n"
    "        let one =\n"
    "            crate::domain::attempt::Attempt { attempt, due_at, sent_at, duration_ms, response_code, error };\n"
    "        delivery.attempts = vec![one; number as usize - 1];\n"
    "        let Some(account) = self.store.account(&scope.account).await? else { return Ok(None) };\n"
    "        self.make(&Outgoing::from_timer(&delivery, &account.webhook_secrets), None, |_| ()).await\n"
    "    }\n\n"
    "    async fn make(\n",
)
