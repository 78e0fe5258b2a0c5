//! Which embedded store fits a timer service? See README.md.

#[cfg(feature = "fjall")]
mod checks;
#[cfg(feature = "fjall")]
mod fjall;
mod model;
#[cfg(feature = "redb")]
mod redb;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};
use store::Result;

const USAGE: &str = "usage: life ROUNDS STORE... | pending TIMERS ROUNDS STORE... | checks";

/// Figures by name; of several rounds, all of them.
type Figures = BTreeMap<String, Vec<f64>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match &args[..] {
        ["life", rounds, stores @ ..] => compare(rounds.parse()?, stores, |store, dir| {
            let mut child = spawn(&["child-life", store, path(dir)])?;
            let figures = figures(&mut child, "done")?;
            child.wait()?;
            Ok(figures)
        }),
        ["pending", timers, rounds, stores @ ..] => {
            compare(rounds.parse()?, stores, |store, dir| pending(store, dir, timers.parse()?))
        }
        #[cfg(feature = "fjall")]
        ["checks"] => checks::run(),
        #[cfg(feature = "fjall")]
        ["child-commits", durability, dir] => checks::commit_until_killed(durability, Path::new(dir)),
        ["child-life", store, dir] => model::life(store, Path::new(dir)),
        ["child-fill", store, dir, timers] => model::fill_and_wait(store, Path::new(dir), timers.parse()?),
        ["child-reopen", store, dir] => model::reopen(store, Path::new(dir)),
        _ => Err(USAGE.into()),
    }
}

/// Runs a scenario for each store in turn, round after round, and prints the medians as a table.
fn compare(rounds: usize, stores: &[&str], run: impl Fn(&str, &Path) -> Result<Figures>) -> Result<()> {
    let mut all: Vec<Figures> = vec![Figures::new(); stores.len()];
    for round in 1..=rounds {
        for (store, all) in stores.iter().zip(&mut all) {
            eprintln!("round {round}: {store}");
            let dir = tempfile::tempdir()?;
            for (name, values) in run(store, &dir.path().join("db"))? {
                all.entry(name).or_default().extend(values);
            }
        }
    }
    println!("| | {} |\n|---{}|", stores.join(" | "), "|---:".repeat(stores.len()));
    let names: Vec<String> = all.iter().flat_map(|figures| figures.keys().cloned()).collect();
    for name in names.iter().collect::<std::collections::BTreeSet<_>>() {
        print!("| {name}");
        for figures in &mut all {
            let values = figures.entry(name.clone()).or_insert_with(|| vec![f64::NAN]);
            values.sort_by(f64::total_cmp);
            let (low, middle, high) = (values[0], values[values.len() / 2], values[values.len() - 1]);
            print!(" | {} ({}–{})", short(middle), short(low), short(high));
        }
        println!(" |");
    }
    Ok(())
}

/// Fills a store, looks at its memory and files, kills the process and times the reopening.
fn pending(store: &str, dir: &Path, timers: u64) -> Result<Figures> {
    let mut child = spawn(&["child-fill", store, path(dir), &timers.to_string()])?;
    let mut all = figures(&mut child, "ready")?;
    all.insert("memory MB, right after filling".into(), vec![resident(child.id())?]);
    sleep(Duration::from_secs(5));
    all.insert("memory MB, 5 s later".into(), vec![resident(child.id())?]);
    all.insert("files MB".into(), vec![disk(dir)?]);
    child.kill()?;
    child.wait()?;
    let mut child = spawn(&["child-reopen", store, path(dir)])?;
    let reopened = figures(&mut child, "done")?;
    child.wait()?;
    assert_eq!(reopened["timers found"], [timers as f64], "{store} lost timers");
    all.extend(reopened);
    Ok(all)
}

/// Starts this program again.
pub fn spawn(args: &[&str]) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    Ok(command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
}

/// Reads `name: figure` lines until one is `end`.
fn figures(child: &mut Child, end: &str) -> Result<Figures> {
    let mut figures = Figures::new();
    for line in BufReader::new(child.stdout.as_mut().expect("piped")).lines() {
        let line = line?;
        if line == end {
            return Ok(figures);
        }
        let (name, value) = line.rsplit_once(": ").ok_or("not a figure")?;
        figures.insert(name.into(), vec![value.parse()?]);
    }
    Err("the child ended early".into())
}

/// Resident memory of a process, in MB.
pub fn resident(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse::<f64>()? * 1024.0 / 1e6)
}

fn disk(path: &Path) -> Result<f64> {
    let meta = path.symlink_metadata()?;
    let mut size = meta.blocks() as f64 * 512.0 / 1e6;
    if meta.is_dir() {
        for entry in path.read_dir()? {
            size += disk(&entry?.path())?;
        }
    }
    Ok(size)
}

fn path(dir: &Path) -> &str {
    dir.to_str().expect("UTF-8")
}

/// Three significant digits.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1000.0 => format!("{:.0}", (value / 10.0).round() * 10.0),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
