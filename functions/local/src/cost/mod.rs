//! `minoots cost`: what a month on AWS would cost.

mod bill;
mod prices;

use crate::options::{Cost, DuePath};
use bill::{Ends, Line, Order, Step};
use minoots_shared::cost;
use prices::ASSUMED;
use std::fmt::Write as _;

/// The bill, as text or as JSON.
pub(crate) fn bill(options: &Cost) -> String {
    let order = Order {
        timers: options.timers as f64,
        milestones: f64::from(options.milestones),
        webhook: options.webhooks == 1,
        scheduled: options.path == DuePath::Scheduled,
    };
    let (steps, timers, rest) = (bill::steps(&order), bill::timers(&order), bill::at_rest(&order));
    if options.json { json(&steps, &timers, &rest) } else { text(options, &steps, &timers, &rest) }
}

fn json(steps: &[Step], timers: &[Line], rest: &[Line]) -> String {
    let bill = serde_json::json!({
        "prices": prices::PRICES_OF,
        "assumptions": ASSUMED,
        "steps": steps,
        "timers": {"lines": timers, "dollars": Ends::sum(timers)},
        "atRest": {"lines": rest, "dollars": Ends::sum(rest)},
        "dollars": Ends::sum(timers.iter().chain(rest)),
    });
    format!("{bill:#}\n")
}

fn text(options: &Cost, steps: &[Step], timers: &[Line], rest: &[Line]) -> String {
    let mut text = String::new();
    let mut say = |line: String| {
        text.push_str(line.trim_end());
        text.push('\n');
    };
    say(format!("{} timers a month, {}", grouped(options.timers as f64), described(options)));
    say(format!("Dollars: {}.", prices::PRICES_OF));
    say(String::new());
    let heading = |what| format!("{what:46}{:>16}{:>10}   {:>16}{:>10}", "batches of 10", "$", "batches of 1", "$");
    say(heading("For the timers"));
    timers.iter().for_each(|line| say(shown(line)));
    say(summed("", Ends::sum(timers)));
    say(String::new());
    say(heading("At rest"));
    rest.iter().for_each(|line| say(shown(line)));
    say(summed("", Ends::sum(rest)));
    say(String::new());
    say(summed("The month", Ends::sum(timers.iter().chain(rest))));
    say(String::new());
    say(format!(
        "{:30}{:>8}{:>8}{:>10}{:>10}{:>12}   (where batches of 10 share: with them, and without)",
        "Each timer's steps", "times", "writes", "reads", "sends", "schedules"
    ));
    let both = |ten: f64, one: f64| if ten == one { format!("{one}") } else { format!("{ten} to {one}") };
    for Step { name, times, asked, shared, .. } in steps {
        let reads = both(shared.read_units, asked.read_units);
        let sends = both(shared.queue_requests, asked.queue_requests);
        say(format!("  {name:28}{times:>8}{:>8}{reads:>10}{sends:>10}{:>12}", asked.write_units, asked.schedules));
    }
    say(String::new());
    text.push_str(&assumed());
    text
}

fn described(options: &Cost) -> String {
    let milestones = match options.milestones {
        0 => "without milestones".to_owned(),
        1 => "each with 1 milestone".to_owned(),
        many => format!("each with {many} milestones"),
    };
    let webhooks = if options.webhooks == 1 { "a webhook for each event" } else { "no webhooks" };
    let path = match options.path {
        DuePath::Direct => "due within DirectDelaySeconds",
        DuePath::Scheduled => "due later than DirectDelaySeconds",
    };
    format!("{milestones}, {webhooks}, {path}.")
}

/// The assumptions in words.
fn assumed() -> String {
    let it = ASSUMED;
    let [ten, one] = [0, 1].map(|place| cost::LOGGED.expiry[place] + cost::LOGGED.delivery[place]);
    let mut text = format!(
        "Counted on an emulator, and held to it by a test: the steps above; {ten} bytes of logs in batches of ten, {one} in batches\n\
         of one; {} bytes of each timer's in the table. Assumed:\n",
        cost::STORED
    );
    let mut say = |line: std::fmt::Arguments<'_>| {
        // Writing to a text never fails.
        let _ = writeln!(text, "- {line}");
    };
    say(format_args!("every webhook is taken at the first attempt; a timer costs one HTTP request;"));
    say(format_args!("Lambda receives and deletes 10 messages at a time under load, and 1 when they come one by one;"));
    say(format_args!("the 10 are of one account, and due at one instant: they share readings and sends;"));
    say(format_args!(
        "{} MB of arm64; {} ms for an HTTP request, {} ms for a due message, {} ms for a webhook;",
        it.memory_gb * 1_024.0,
        it.api_ms,
        it.expiry_ms,
        it.delivery_ms
    ));
    say(format_args!(
        "a batch waits {} ms for its receivers, and sleeps through {} ms until its second;",
        it.receiver_ms, it.slept_ms
    ));
    say(format_args!("an access log takes {} bytes; an ended timer stays for 30 days;", it.log_bytes_request));
    say(format_args!(
        "two queues are polled by five pollers each, every 20 s; a sweep a minute reads {} units in {} ms.",
        cost::SWEEP.read_units,
        it.sweep_ms
    ));
    text
}

fn shown(line: &Line) -> String {
    let what = format!("  {:12}{}", line.service, line.what);
    let amount = |many: f64| if many < 1_000.0 { format!("{many:.2}") } else { grouped(many) };
    let (many, dollars) = (line.quantity, line.dollars);
    format!(
        "{what:46}{:>16}{:>10.2}   {:>16}{:>10.2}   at {} per {}",
        amount(many.batches_of_10),
        dollars.batches_of_10,
        amount(many.batches_of_1),
        dollars.batches_of_1,
        line.price,
        line.per
    )
}

fn summed(what: &str, sum: Ends) -> String {
    format!("{what:46}{:>16}{:>10.2}   {:>16}{:>10.2}", "", sum.batches_of_10, "", sum.batches_of_1)
}

/// A whole number with its thousands apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: bool) -> Cost {
        Cost { timers: 1_000_000, milestones: 1, webhooks: 1, path: DuePath::Scheduled, json }
    }

    #[test]
    fn the_text_says_prices_assumptions_steps_and_both_ends() {
        let text = bill(&options(false));
        for said in [prices::PRICES_OF, "1,000,000 timers", "batches of 10", "batches of 1", "sent on", "Assumed"] {
            assert!(text.contains(said), "{said} is missing in:\n{text}");
        }
    }

    #[test]
    fn the_json_adds_up() {
        let bill: serde_json::Value = serde_json::from_str(&bill(&options(true))).unwrap();
        for end in ["batchesOf10", "batchesOf1"] {
            let sum = |part: &str| -> f64 {
                let lines = bill[part]["lines"].as_array().unwrap();
                lines.iter().map(|line| line["dollars"][end].as_f64().unwrap()).sum()
            };
            let total = bill["dollars"][end].as_f64().unwrap();
            assert!(total > 0.0 && (sum("timers") + sum("atRest") - total).abs() < 1e-9, "{bill:#}");
        }
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0.0, 999.0, 1_000.0, 12_345_678.0].map(grouped).each_ref().map(String::as_str)
        );
    }
}
