//! The fuzz targets on a stable compiler: everything in the corpora, and what comes of it by small changes.

#![allow(clippy::unwrap_used, reason = "where the corpus can't be read, the test fails")]

use minoots_fuzzing::{TARGETS, Target};
use std::path::{Path, PathBuf};

/// Changed inputs for each target; `MINOOTS_FUZZ_CASES` asks for more.
const CASES: u64 = 30_000;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{} is no corpus", folder.display());
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Numbers that look random and are the same in each run (Vigna's SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % below.max(1) as u64).unwrap()
    }
}

/// Bytes that mean something to one of the parsers.
const TELLING: &[u8] = b"0123456789-+.eE\"\\{}[]:,/@#?%pPtTsSmMhHdDwW \n\x00\x7f\xc3\xa9\xef\xbf\xbd";

fn changed(dice: &mut Dice, corpus: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = corpus[dice.roll(corpus.len())].1.clone();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(6) {
            0 => bytes.insert(at, TELLING[dice.roll(TELLING.len())]),
            1 if at < bytes.len() => bytes[at] = TELLING[dice.roll(TELLING.len())],
            2 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            3 if at < bytes.len() => drop(bytes.drain(at..(at + dice.roll(8)).min(bytes.len()))),
            4 => {
                let other = &corpus[dice.roll(corpus.len())].1;
                let from = dice.roll(other.len() + 1);
                bytes.splice(at..at, other[from..(from + dice.roll(16)).min(other.len())].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn survives(target: &str, run: Target, input: &[u8], what: &str) {
    let outcome = std::panic::catch_unwind(|| run(input));
    assert!(outcome.is_ok(), "{target} breaks on {what}: {:?}", String::from_utf8_lossy(input));
}

#[test]
fn every_target_holds_for_its_corpus_and_for_what_comes_of_it_by_small_changes() {
    let cases = std::env::var("MINOOTS_FUZZ_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    for (target, run) in TARGETS {
        let corpus = corpus(target);
        for (path, input) in &corpus {
            survives(target, run, input, &path.display().to_string());
        }
        let mut dice = Dice(1);
        for case in 0..cases {
            survives(target, run, &changed(&mut dice, &corpus), &format!("case {case}"));
        }
    }
}

#[test]
fn each_target_has_a_program_for_cargo_fuzz_and_a_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let listed = |folder: PathBuf| {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let mut targets = TARGETS.map(|(name, _)| name.to_owned()).to_vec();
    targets.sort();
    assert_eq!(listed(folder.join("fuzz_targets")), targets);
    assert_eq!(listed(folder.join("corpus")), targets);
}
