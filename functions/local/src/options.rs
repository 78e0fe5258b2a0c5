//! The command line, and the environment variables that stand in for it.

use crate::cli::bench::Bench;
use crate::cli::deliveries::Deliveries;
use crate::cli::events::{Events, Trigger};
use crate::cli::keys::Keys;
use crate::cli::listen::Listen;
use crate::cli::manual::{Completions, Man};
use crate::cli::timers::Timers;
use crate::cli::verify::Verify;
use crate::cli::webhooks::Webhooks;
use crate::clock::FASTEST;
use crate::mcp::Mcp;
use clap::{Args, Parser, Subcommand, ValueEnum};
use minoots_shared::domain::time::Millis;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// What scripts rely on.
const CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no key or not allowed, 4 not found, 5 refused, 6 no answer, \
7 a timer waited for was cancelled, 8 time is up.";

/// Timers and webhooks without a server to run.
#[derive(Parser)]
#[command(name = "minoots", version, about, arg_required_else_help = true, after_help = CODES)]
pub(crate) struct Minoots {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the whole product on this machine, for development and small installations.
    Dev(Dev),
    Timers(Timers),
    Webhooks(Webhooks),
    Events(Events),
    Deliveries(Deliveries),
    Keys(Keys),
    Listen(Listen),
    Trigger(Trigger),
    Verify(Verify),
    Bench(Bench),
    Mcp(Mcp),
    /// Say what a month of the deployed service costs, line by line.
    Cost(Cost),
    Completions(Completions),
    Man(Man),
}

/// Options of `minoots cost`.
#[derive(Args)]
pub(crate) struct Cost {
    /// Timers in the month.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(..=1_000_000_000_000))]
    pub(crate) timers: u64,

    /// Milestones of each timer.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=20))]
    pub(crate) milestones: u32,

    /// Webhooks of each event: 0 or 1.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=1))]
    pub(crate) webhooks: u32,

    /// How the timers' instants are reached: directly within DirectDelaySeconds, by a schedule later.
    #[arg(long, value_enum, default_value_t = DuePath::Scheduled)]
    pub(crate) path: DuePath,

    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a timer's instant is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DuePath {
    /// It waits in the due queue.
    Direct,
    /// A one-shot schedule puts it there.
    Scheduled,
}

/// Options of `minoots dev`.
#[derive(Args)]
pub(crate) struct Dev {
    /// Address to listen on. Whoever reaches it can read the inbox: keep it on loopback, or put a proxy in front.
    #[arg(long, env = "MINOOTS_HOST", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,

    /// Name under which this server is reached, beside localhost, names without a dot, and addresses: what a proxy in front of
    /// it is called. Browsers are refused under any other, for another site's name may be made to lead here. Repeatable.
    #[arg(long = "allow-host", value_name = "NAME", env = "MINOOTS_ALLOW_HOST", value_delimiter = ',')]
    pub(crate) allowed_hosts: Vec<String>,

    /// Site whose pages may call this server from a browser, as `https://app.example.com`. They need a key all the same, save for the
    /// inbox and the clock. Repeatable.
    #[arg(long = "allow-origin", value_name = "ORIGIN", env = "MINOOTS_ALLOW_ORIGIN", value_delimiter = ',')]
    pub(crate) allowed_origins: Vec<String>,

    /// Port to listen on; 0 takes a free one.
    #[arg(long, env = "MINOOTS_PORT", default_value_t = 3001)]
    pub(crate) port: u16,

    /// Folder that keeps everything: timers, deliveries, keys.
    #[arg(long, env = "MINOOTS_DATA_DIR", default_value = ".minoots")]
    pub(crate) data_dir: PathBuf,

    /// API key to accept, beside those made over HTTP. Without it one is made at the first start and kept.
    #[arg(long, env = "MINOOTS_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,

    /// Secret that signs the timers' webhooks. Without it one is made at the first start and kept.
    #[arg(long, env = "MINOOTS_WEBHOOK_SECRET", hide_env_values = true)]
    pub(crate) webhook_secret: Option<String>,

    /// Send webhooks only where a deployed service would: https, public addresses, ports 443 and 8443.
    #[arg(long, env = "MINOOTS_STRICT_WEBHOOKS")]
    pub(crate) strict_webhooks: bool,

    /// Seconds until a webhook's attempt fails for want of an answer.
    #[arg(long, env = "MINOOTS_WEBHOOK_TIMEOUT", default_value = "30", allow_negative_numbers = true, value_parser = timeout)]
    pub(crate) webhook_timeout: Millis,

    /// Requests a second that each key may make; without it there is no limit.
    #[arg(long, env = "MINOOTS_RATE_LIMIT", allow_negative_numbers = true)]
    pub(crate) rate_limit: Option<NonZeroU32>,

    /// Timers that may run or be paused at once, in each of the live and the test mode; without it there is no limit.
    #[arg(long, env = "MINOOTS_MAX_TIMERS", allow_negative_numbers = true)]
    pub(crate) max_timers: Option<u32>,

    /// How fast time passes: 60 for a minute a second, 0 to let it stand still until POST /dev/clock moves it on.
    #[arg(long, env = "MINOOTS_SPEED", default_value = "1", allow_negative_numbers = true, value_parser = speed)]
    pub(crate) speed: f64,

    /// Days for which ended timers and their deliveries are kept.
    #[arg(long, env = "MINOOTS_RETENTION_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3650))]
    pub(crate) retention_days: u64,
}

fn timeout(text: &str) -> Result<Millis, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=300.0).contains(seconds));
    let seconds: f64 = seconds.ok_or("must be a number of seconds from 0.1 to 300")?;
    Ok(Millis((seconds * 1_000.0) as u64))
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (0.0..=FASTEST).contains(speed));
    speed.ok_or_else(|| format!("must be a number from 0 to {FASTEST}"))
}
