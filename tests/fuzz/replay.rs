//! The corpus and mutations of it, as a test: every crate with fuzz targets includes this file.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Mutations do not grow beyond this.
const LONGEST: usize = 4096;
/// Numbers at whose edges readers are wrong.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0x81, 0x84, 0xfe, 0xff];
/// What means something in one format or another.
const WORDS: [&str; 12] = ["(", ")", "\\", "\"", "=", ",", "\n", "\r\n", "{", "}", "\u{202e}", "\u{c9}"];

/// A name and a function.
type Target = (&'static str, fn(&[u8]));

/// How many seconds longer each target is run, with mutations that nobody has seen yet.
const SECONDS: &str = "ADRECOVER_FUZZ_SECONDS";

/// Replays the corpus of each target, and then `rounds` mutations of it; the same ones in each run. More of them, where
/// `ADRECOVER_FUZZ_SECONDS` asks for it.
pub(crate) fn all(targets: &[Target], rounds: usize) {
    for (name, target) in targets {
        let seeds = corpus(name);
        for (file, octets) in &seeds {
            run(name, &file.display().to_string(), *target, octets);
        }
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..rounds {
            let octets = mutated(&seeds, &mut random);
            run(name, &format!("mutation {round}"), *target, &octets);
        }
        if let Ok(seconds) = std::env::var(SECONDS) {
            let time = Duration::from_secs(seconds.parse().unwrap_or_else(|e| panic!("{SECONDS}: {e}")));
            let rounds = for_a_time(name, *target, &seeds, time);
            eprintln!("{name}: {rounds} mutations in {seconds} s");
        }
    }
}

/// Runs a target with mutations of mutations until the time is over; how many that were.
fn for_a_time(name: &str, target: fn(&[u8]), seeds: &[(PathBuf, Vec<u8>)], time: Duration) -> u64 {
    let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), name) | 1;
    let (mut random, mut rounds) = (Random(seed), 0);
    let mut pool = seeds.to_vec();
    let began = Instant::now();
    while began.elapsed() < time {
        let octets = mutated(&pool, &mut random);
        run(name, &format!("mutation {rounds} of seed {seed}"), target, &octets);
        rounds += 1;
        // Some are changed further.
        if random.below(4) == 0 {
            let at = seeds.len() + random.below(64);
            match pool.get_mut(at) {
                Some(place) => place.1 = octets,
                None => pool.push((PathBuf::new(), octets)),
            }
        }
    }
    rounds
}

/// The files of a target's corpus, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let octets = std::fs::read(&path).unwrap();
            (PathBuf::from(path.file_name().unwrap()), octets)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// Runs a target; where it fails the input is shown, so that it can be put into the corpus.
fn run(target: &str, what: &str, function: fn(&[u8]), octets: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| function(octets))) {
        eprintln!("the fuzz target `{target}` fails on {what}: b\"{}\"", octets.escape_ascii());
        resume_unwind(panic);
    }
}

/// A xorshift generator: what it gives hangs on its seed only.
struct Random(u64);

impl Random {
    /// Below `n`; 0 for 0.
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 32).unwrap().checked_rem(n).unwrap_or(0)
    }
}

fn mutated(seeds: &[(PathBuf, Vec<u8>)], random: &mut Random) -> Vec<u8> {
    let mut octets = seeds[random.below(seeds.len())].1.clone();
    for _ in 0..=random.below(4) {
        let at = random.below(octets.len() + 1);
        let end = at + random.below(octets.len() - at + 1).min(16);
        match random.below(8) {
            0 => octets.truncate(at),
            1 => drop(octets.drain(at..end)),
            2 => octets.insert(at, random.below(256) as u8),
            3 => octets.insert(at, EDGES[random.below(EDGES.len())]),
            4 => drop(octets.splice(at..at, WORDS[random.below(WORDS.len())].bytes())),
            5 => {
                // Once more, several times.
                let part = octets[at..end].repeat(1 + random.below(20));
                octets.splice(at..at, part);
            }
            6 => {
                let other = &seeds[random.below(seeds.len())].1;
                let from = random.below(other.len() + 1);
                octets.truncate(at);
                octets.extend_from_slice(&other[from..]);
            }
            _ => {
                if let Some(octet) = octets.get_mut(at) {
                    *octet ^= 1 << random.below(8);
                }
            }
        }
        octets.truncate(LONGEST);
    }
    octets
}
