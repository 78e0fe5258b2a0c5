//! What goes wrong in a run, and how often.

use crate::random::Random;

/// How often things go wrong, in ten thousand unless it says otherwise. All zero: a healthy infrastructure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    /// Nothing goes wrong but receivers: then the sweep must find nothing, and nothing may be late.
    pub calm: bool,
    /// Nothing goes wrong, but one account has far more to do than there is room for, and its receivers never answer.
    pub(crate) crowded: bool,
    /// It lasts for days, in which endpoints fail.
    pub(crate) lasting: bool,
    /// How far a process' clock may be off, either way, in milliseconds.
    pub skew: u64,
    /// A call of a port is refused: nothing is done.
    pub refused: u64,
    /// A call is done and its answer is lost.
    pub answer_lost: u64,
    /// The process dies before a call is done, or after it.
    pub crash: u64,
    /// The most that a call takes each way, as a rule, in milliseconds.
    pub latency: u64,
    /// A call takes seconds.
    pub slow: u64,
    /// A message comes twice, as two messages.
    pub duplicated: u64,
    /// A message comes up to 20 s late.
    pub delayed: u64,
    /// One entry of a batch is refused, the others are taken.
    pub partial: u64,
    /// An invocation did its work, and its answer is lost: its messages come again.
    pub ack_lost: u64,
    /// An invocation is throttled: its messages count as received.
    pub throttled: u64,
    /// A schedule never goes off.
    pub schedule_lost: u64,
    /// A schedule goes off twice.
    pub schedule_twice: u64,
    /// The sweep is left out, or two run at once.
    pub sweeps: u64,
    /// The index of what is due has not heard of an item yet.
    pub index_lag: u64,
    /// The most invocations of each function at once.
    pub concurrency: usize,
}

impl Profile {
    /// The profile of a seed: one in five is calm, one in two hundred is crowded, one in twenty-five lasts for days, and of
    /// those that are not calm each has its own mixture.
    pub(crate) fn draw(seed: u64, random: &mut Random) -> Self {
        let (concurrency, latency) = (50, 15);
        if seed % 200 == 1 {
            return Self { crowded: true, concurrency: 2, latency, ..Self::default() };
        }
        let lasting = seed % 25 == 2;
        if seed.is_multiple_of(5) || (lasting && random.chance(3_000)) {
            return Self { calm: true, lasting, concurrency, latency, ..Self::default() };
        }
        // Half of the faults are absent from a seed, so that rare ones are not buried under frequent ones.
        let mut rate = |most: u64| if random.chance(5_000) { most >> random.below(4) } else { 0 };
        Self {
            calm: false,
            crowded: false,
            lasting,
            skew: if rate(1) > 0 { 2_000 } else { 0 },
            refused: rate(400),
            answer_lost: rate(400),
            crash: rate(250),
            latency,
            slow: rate(400),
            duplicated: rate(2_000),
            delayed: rate(2_000),
            partial: rate(1_000),
            ack_lost: rate(1_000),
            throttled: rate(1_000),
            schedule_lost: rate(4_000),
            schedule_twice: rate(3_000),
            sweeps: rate(3_000),
            index_lag: rate(1_000),
            concurrency: if rate(1) > 0 { 2 } else { concurrency },
        }
    }

    /// The same without faults: the input has stopped, and the infrastructure has recovered. Clocks stay wrong, and a crowd
    /// stays one.
    pub(crate) fn recovered(&self) -> Self {
        let concurrency = if self.crowded { self.concurrency } else { 50 };
        Self {
            calm: self.calm,
            lasting: self.lasting,
            skew: self.skew,
            concurrency,
            latency: self.latency,
            ..Self::default()
        }
    }
}
