//! What must hold of fjall for the service to rely on it: checks, and the price of a snapshot.

use crate::store::Result;
use fjall::{Database, Guard, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use std::{
    fs,
    hint::black_box,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread::{scope, sleep},
    time::{Duration, Instant},
};

/// Runs all, printing what was found.
pub fn run() -> Result<()> {
    for durability in ["buffer", "none", "syncdata"] {
        killed(durability)?;
    }
    consistent()?;
    snapshot_price()?;
    for value in [700, 20_000] {
        torn(value)?;
    }
    Ok(())
}

fn open(dir: &Path) -> Result<(Database, Keyspace, Keyspace)> {
    let db = Database::builder(dir).worker_threads(1).open()?;
    // Small memtables, so that flushes and compactions go on meanwhile.
    let options = || KeyspaceCreateOptions::default().max_memtable_size(1 << 20);
    let (a, b) = (db.keyspace("a", options)?, db.keyspace("b", options)?);
    Ok((db, a, b))
}

fn number(value: Option<fjall::UserValue>) -> u64 {
    value.map_or(0, |value| u64::from_be_bytes(value[..8].try_into().expect("8 bytes")))
}

fn mode(durability: &str) -> Option<PersistMode> {
    match durability {
        "buffer" => Some(PersistMode::Buffer),
        "syncdata" => Some(PersistMode::SyncData),
        _ => None,
    }
}

/// The process to kill: says after each commit what it committed.
pub fn commit_until_killed(durability: &str, dir: &Path) -> Result<()> {
    let (db, a, b) = open(dir)?;
    for n in number(a.get("n")?) + 1.. {
        let mut batch = db.batch().durability(mode(durability));
        batch.insert(&a, "n", n.to_be_bytes());
        batch.insert(&a, n.to_be_bytes(), [7; 700]);
        batch.insert(&b, "n", n.to_be_bytes());
        batch.commit()?;
        writeln!(std::io::stdout(), "{n}")?;
    }
    Ok(())
}

/// Does a commit survive kill -9 of its process?
fn killed(durability: &str) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (mut lost, mut torn, mut last) = (0, 0, 0);
    for round in 0..10 {
        let mut child = crate::spawn(&["child-commits", durability, crate::path(dir.path())])?;
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let (start, time) = (Instant::now(), Duration::from_millis(100 + 37 * round));
        let mut said = 0u64;
        while start.elapsed() < time {
            said = lines.next().ok_or("the child ended")??.parse()?;
        }
        child.kill()?;
        child.wait()?;
        said = lines.map_while(|line| line.ok()?.parse().ok()).last().unwrap_or(said);
        let (_db, a, b) = open(dir.path())?;
        last = number(a.get("n")?);
        lost += said.saturating_sub(last);
        torn += u64::from(number(b.get("n")?) != last || (last > 0 && !a.contains_key(last.to_be_bytes())?));
    }
    println!("killed 10 times, durability {durability}: {last} commits, {lost} lost, {torn} times torn");
    Ok(())
}

/// Are reads consistent across keyspaces while a writer goes on?
fn consistent() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (db, a, b) = open(dir.path())?;
    let (stop, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let keys: Vec<[u8; 2]> = (0..200u16).map(u16::to_be_bytes).collect();
    // Compares all values of both keyspaces, which every commit sets to one number, and that number with what was committed.
    let uneven = |snapshot: bool| -> Result<(u64, u64)> {
        let (mut reads, mut uneven) = (0, 0);
        while !stop.load(Relaxed) {
            let committed = written.load(Relaxed);
            let view = db.snapshot();
            let all = |keyspace| if snapshot { view.iter(keyspace) } else { Keyspace::range::<&[u8], _>(keyspace, ..) };
            let mut values = Vec::new();
            for guard in all(&a).chain(all(&b).rev()) {
                values.push(number(Some(Guard::value(guard)?)));
            }
            values.extend([number(view.get(&a, keys[7])?), number(view.get(&b, keys[7])?)]);
            reads += 1;
            uneven += u64::from(values.iter().any(|value| *value != values[0] || *value < committed));
        }
        Ok((reads, uneven))
    };
    scope(|threads| {
        let writer = threads.spawn(|| -> Result<()> {
            for n in 1u64.. {
                let mut batch = db.batch().durability(Some(PersistMode::SyncData));
                for keyspace in [&a, &b] {
                    keys.iter().for_each(|key| batch.insert(keyspace, key, n.to_be_bytes()));
                }
                batch.commit()?;
                written.store(n, Relaxed);
                if stop.load(Relaxed) {
                    break;
                }
            }
            Ok(())
        });
        sleep(Duration::from_millis(100));
        let (by_snapshot, by_keyspace) = (threads.spawn(|| uneven(true)), threads.spawn(|| uneven(false)));
        sleep(Duration::from_secs(5));
        stop.store(true, Relaxed);
        writer.join().expect("no panic")?;
        let (snapshot, keyspace) = (by_snapshot.join().expect("no panic")?, by_keyspace.join().expect("no panic")?);
        println!("{} commits; inconsistent reads: {} of {} by snapshot, {} of {} by keyspace",
            written.load(Relaxed), snapshot.1, snapshot.0, keyspace.1, keyspace.0);
        Ok(())
    })
}

/// What a snapshot costs.
fn snapshot_price() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (db, a, _) = open(dir.path())?;
    let time = |name: &str, each: &dyn Fn(u32) -> Result<()>| -> Result<()> {
        let start = Instant::now();
        (0..100_000).try_for_each(each)?;
        println!("{name}: {} ns", start.elapsed().as_nanos() / 100_000);
        Ok(())
    };
    let commit = |n: u32| {
        let mut batch = db.batch();
        batch.insert(&a, (n % 1000).to_be_bytes(), [7; 100]);
        batch.commit()
    };
    time("a commit to the system's buffers", &|n| Ok(commit(n)?))?;
    time("the same and a snapshot", &|n| {
        commit(n)?;
        drop(black_box(db.snapshot()));
        Ok(())
    })?;
    time("a snapshot", &|_| {
        drop(black_box(db.snapshot()));
        Ok(())
    })
}

/// Does the store open after power loss left out a page of the last, unsynced batch?
fn torn(value: usize) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (good, journal): (u64, PathBuf) = {
        let (db, a, _) = open(dir.path())?;
        a.insert("n", 1u64.to_be_bytes())?;
        db.persist(PersistMode::SyncAll)?;
        let end = |path: &Path| -> Result<u64> {
            let bytes = fs::read(path)?;
            Ok(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |end| end as u64 + 1))
        };
        let journal = dir.path().join("0.jnl");
        let good = end(&journal)?;
        let mut batch = db.batch();
        for n in 0u64..30 {
            batch.insert(&a, n.to_be_bytes(), vec![7; value]);
        }
        batch.commit()?;
        (good, journal)
    };
    let whole = fs::read(&journal)?;
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let (mut recovered, mut refused, mut wrong) = (0, 0, 0);
    let mut error = String::new();
    for page in (good as usize).div_ceil(4096)..end / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096..][..4096].fill(0);
        fs::write(&journal, bytes)?;
        match open(dir.path()) {
            Ok((_, a, _)) if number(a.get("n")?) == 1 && a.len()? == 1 => recovered += 1,
            Ok(_) => wrong += 1,
            Err(e) => {
                refused += 1;
                error = format!(" ({e:?})");
            }
        }
    }
    println!(
        "a page of the last batch missing, values of {value} bytes: {recovered} recovered, {wrong} wrong, {refused} refused{error}"
    );
    Ok(())
}
