//! The access pattern of a timer service, and what is timed of it. Runs in a child process; figures go to standard output.

use crate::store::{Op, Result, Store, Table, open};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const PENDING: u64 = 150_000;
const AT_ONCE: usize = 10_000;
const CLAIMS: usize = 100_000;
const SECOND: u64 = 1_000;

/// Makes timers.
struct Timers {
    next: u64,
    random: u64,
}

impl Timers {
    fn new(next: u64) -> Self {
        Self { next, random: next }
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// What the creation of a timer writes; due within 30 days but not in the first hour, unless `due` is given.
    fn create(&mut self, ops: &mut Vec<Op>, due: Option<u64>) {
        self.next += 1;
        let random = self.random();
        let due = due.unwrap_or(3600 * SECOND + random % (30 * 86400 * SECOND));
        let mut name = [random as u8 & 3; 16].to_vec();
        name.extend(format!("tmr_{:013x}{:013x}", self.next, random >> 12).bytes());
        ops.push(Op::Put(Table::Timers, name.clone(), record(700, b'p', due)));
        ops.push(Op::Put(Table::Status, status(&name, b'p'), vec![]));
        ops.push(Op::Put(Table::Due, timed(due, &name), vec![]));
    }

    fn creations(&mut self, count: usize) -> Vec<Op> {
        let mut ops = Vec::with_capacity(count * 3);
        (0..count).for_each(|_| self.create(&mut ops, None));
        ops
    }
}

fn record(len: usize, state: u8, due: u64) -> Vec<u8> {
    let mut record = vec![state; len];
    record[1..9].copy_from_slice(&due.to_be_bytes());
    record
}

fn timed(due: u64, name: &[u8]) -> Vec<u8> {
    [&due.to_be_bytes(), name].concat()
}

fn status(name: &[u8], state: u8) -> Vec<u8> {
    [&name[..16], &[state], &name[16..]].concat()
}

/// What the firing of the timer behind a due key reads and writes.
fn fire(store: &dyn Store, ops: &mut Vec<Op>, due_key: Vec<u8>, deliver: bool) -> Result<()> {
    let name = &due_key[8..];
    let mut timer = store.get(Table::Timers, name)?.ok_or("a due key without a timer")?;
    timer[0] = b'e';
    ops.push(Op::Put(Table::Timers, name.to_vec(), timer));
    ops.push(Op::Del(Table::Status, status(name, b'p')));
    ops.push(Op::Put(Table::Status, status(name, b'e'), vec![]));
    if deliver {
        ops.push(Op::Put(Table::Deliveries, name.to_vec(), record(900, b'p', 0)));
        ops.push(Op::Put(Table::Sending, due_key.clone(), vec![]));
    }
    ops.push(Op::Del(Table::Due, due_key));
    Ok(())
}

/// What the end of a delivery reads and writes.
fn finish(store: &dyn Store, ops: &mut Vec<Op>, sending_key: Vec<u8>) -> Result<()> {
    let name = &sending_key[8..];
    let mut delivery = store.get(Table::Deliveries, name)?.ok_or("a sending key without a delivery")?;
    delivery[0] = b'd';
    ops.push(Op::Put(Table::Deliveries, name.to_vec(), delivery));
    ops.push(Op::Del(Table::Sending, sending_key));
    Ok(())
}

fn fill(store: &mut dyn Store, timers: &mut Timers, count: u64) -> Result<()> {
    for done in (0..count).step_by(250) {
        store.commit(timers.creations((count - done).min(250) as usize), false)?;
    }
    store.commit(vec![Op::Del(Table::Sending, vec![0])], true)
}

/// Prints a percentile in microseconds.
fn report(name: &str, percent: usize, times: &mut [Duration]) {
    times.sort();
    println!("{name}: {}", times[times.len() * percent / 100].as_secs_f64() * 1e6);
}

/// Times `count` durable commits of one creation.
fn single_commits(name: &str, store: &mut dyn Store, timers: &mut Timers, count: usize) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..count {
        let ops = timers.creations(1);
        let start = Instant::now();
        store.commit(ops, true)?;
        times.push(start.elapsed());
    }
    report(&format!("{name}, µs, median"), 50, &mut times);
    report(&format!("{name}, µs, 99th percentile"), 99, &mut times);
    Ok(())
}

/// Creation, firing, finishing, and looking for the next timer, among many pending.
pub fn life(name: &str, dir: &Path) -> Result<()> {
    let mut store = open(name, dir)?;
    let store = &mut *store;
    let mut timers = Timers::new(0);
    fill(store, &mut timers, PENDING)?;
    // What filling left to do in the background is not a commit's cost.
    std::thread::sleep(Duration::from_secs(2));

    single_commits("1 commit of 1", store, &mut timers, 1000)?;
    for size in [1, 8, 32, 64, 256] {
        let (start, mut created) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_secs(2) {
            store.commit(timers.creations(size), true)?;
            created += size;
        }
        println!("2 creations/s, commits of {size:3}: {}", created as f64 / start.elapsed().as_secs_f64());
    }

    let mut ops = Vec::new();
    (0..AT_ONCE).for_each(|_| timers.create(&mut ops, Some(SECOND)));
    store.commit(ops, true)?;
    let start = Instant::now();
    let (mut bound, mut fired) = (vec![], 0);
    while fired < AT_ONCE {
        let keys = store.keys(Table::Due, &bound, 256.min(AT_ONCE - fired))?;
        bound = keys.last().ok_or("nothing due")?.clone();
        bound.push(0);
        fired += keys.len();
        let mut ops = Vec::new();
        keys.into_iter().try_for_each(|key| fire(store, &mut ops, key, true))?;
        store.commit(ops, true)?;
    }
    println!("3 fired/s: {}", AT_ONCE as f64 / start.elapsed().as_secs_f64());
    let mut bound = vec![];
    loop {
        let keys = store.keys(Table::Sending, &bound, 256)?;
        let Some(last) = keys.last() else { break };
        bound = [last, &[0][..]].concat();
        let mut ops = Vec::new();
        keys.into_iter().try_for_each(|key| finish(store, &mut ops, key))?;
        store.commit(ops, true)?;
    }
    println!("3 fired and finished/s: {}", AT_ONCE as f64 / start.elapsed().as_secs_f64());

    let (mut bound, mut claimed) = (vec![], 0);
    while claimed < CLAIMS {
        let keys = store.keys(Table::Due, &bound, 250)?;
        claimed += keys.len();
        bound = [keys.last().ok_or("too few timers")?, &[0][..]].concat();
        let mut ops = Vec::new();
        keys.into_iter().try_for_each(|key| fire(store, &mut ops, key, false))?;
        store.commit(ops, false)?;
    }
    let next = |name: &str, from: &[u8], count| -> Result<()> {
        let mut times = Vec::new();
        for _ in 0..count {
            let start = Instant::now();
            assert_eq!(store.keys(Table::Due, from, 1)?.len(), 1);
            times.push(start.elapsed());
        }
        report(&format!("4 next due, µs, {name}"), 50, &mut times);
        Ok(())
    };
    next("from the start", &[], 21)?;
    next("from a moving bound", &bound, 1001)?;
    println!("done");
    Ok(())
}

/// Creates timers, then waits to be killed.
pub fn fill_and_wait(name: &str, dir: &Path, count: u64) -> Result<()> {
    let mut store = open(name, dir)?;
    let start = Instant::now();
    fill(&mut *store, &mut Timers::new(0), count)?;
    println!("seconds to fill, one sync at the end: {}", start.elapsed().as_secs_f64());
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// Opens a store whose process was killed.
pub fn reopen(name: &str, dir: &Path) -> Result<()> {
    let start = Instant::now();
    let mut store = open(name, dir)?;
    let opened = start.elapsed();
    let first = store.keys(Table::Due, &[], 1)?.pop().ok_or("nothing due")?;
    store.get(Table::Timers, &first[8..])?.ok_or("a due key without a timer")?;
    println!("seconds to reopen after kill -9: {}", opened.as_secs_f64());
    println!("seconds to reopen and read the next timer: {}", start.elapsed().as_secs_f64());
    println!("memory MB, reopened: {}", crate::resident(std::process::id())?);
    let (mut found, mut from) = (0, vec![]);
    loop {
        let keys = store.keys(Table::Status, &from, 10_000)?;
        let Some(last) = keys.last() else { break };
        found += keys.len();
        from = [last, &[0][..]].concat();
    }
    println!("memory MB, reopened and listed: {}", crate::resident(std::process::id())?);
    println!("timers found: {found}");
    single_commits("commit of 1 after reopening", &mut *store, &mut Timers::new(1 << 40), 500)?;
    println!("done");
    Ok(())
}
