//! Creating timers: each connection sends its next request when the last one is answered.

use crate::http::{Connection, number_behind};
use crate::now;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::net::{SocketAddr, TcpStream as Blocking};
use std::path::PathBuf;
use std::time::Duration;

/// Without an answer for this long, the service has stalled.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub struct Options {
    /// Address of the service.
    #[arg(long)]
    to: SocketAddr,
    #[arg(long, default_value = "bench")]
    key: String,
    /// How many timers.
    #[arg(long)]
    count: u64,
    #[arg(long, default_value_t = 32)]
    connections: u64,
    /// URL of each timer's webhook.
    #[arg(long)]
    webhook: String,
    /// How long each runs, in milliseconds.
    #[arg(long, default_value_t = 86_400_000)]
    duration: u64,
    /// When each ends instead, in milliseconds since 1970.
    #[arg(long)]
    due: Option<u64>,
    /// Spread evenly over this many milliseconds from `due` on.
    #[arg(long, default_value_t = 0)]
    over: u64,
    /// Number of the first timer.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Where to write each timer's number and end, in milliseconds since 1970, as the service said it.
    #[arg(long)]
    ends: Option<PathBuf>,
}

/// A request under way.
struct Asked {
    connection: Connection,
    number: u64,
    at: u64,
}

/// Creates them, and prints how fast that went.
pub fn run(options: &Options) -> io::Result<()> {
    let mut ends = options.ends.as_ref().map(File::create).transpose()?.map(BufWriter::new);
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut asked = Vec::new();
    let (mut sent, mut refused, mut refusal) = (0, 0, None);
    let mut took: Vec<u64> = Vec::with_capacity(options.count as usize);
    let begun = now();
    for token in 0..options.connections.min(options.count) as usize {
        let stream = Blocking::connect(options.to)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(token), Interest::READABLE | Interest::WRITABLE)?;
        let mut connection = Connection::new(stream);
        let at = now();
        connection.send(&request(options, sent, at))?;
        asked.push(Asked { connection, number: sent, at });
        sent += 1;
    }
    while (took.len() as u64) < options.count {
        poll.poll(&mut events, Some(PATIENCE))?;
        if events.is_empty() {
            return Err(io::Error::other(format!("{} of {} answered, and then no more", took.len(), options.count)));
        }
        for event in &events {
            let one = &mut asked[event.token().0];
            one.connection.flush()?;
            if !one.connection.read()? {
                return Err(io::Error::other(format!("a connection was closed after {} answers", took.len())));
            }
            let Some(answer) = one.connection.next() else { continue };
            let at = now();
            took.push(at - one.at);
            if !answer.head.starts_with(b"HTTP/1.1 2") {
                refused += 1;
                refusal.get_or_insert_with(|| String::from_utf8_lossy(answer.body).into_owned());
            }
            if let Some(ends) = &mut ends {
                let end = number_behind(answer.body, b"\"endTime\"").unwrap_or_default();
                writeln!(ends, "{} {end}", options.first + one.number)?;
            }
            if sent < options.count {
                one.connection.send(&request(options, sent, at))?;
                (one.number, one.at) = (sent, at);
                sent += 1;
            }
        }
    }
    let seconds = (now() - begun) as f64 / 1e6;
    if let Some(refusal) = refusal {
        eprintln!("minoots-load: {refused} of {} refused, the first with {refusal}", options.count);
    }
    took.sort_unstable();
    let ms = |share: f64| took[((took.len() - 1) as f64 * share) as usize] as f64 / 1e3;
    println!(
        r#"{{"count":{},"refused":{refused},"seconds":{seconds:.3},"per_second":{:.0},"p50_ms":{},"p99_ms":{},"max_ms":{}}}"#,
        took.len(),
        took.len() as f64 / seconds,
        ms(0.5),
        ms(0.99),
        ms(1.0),
    );
    ends.map_or(Ok(()), |mut ends| ends.flush())
}

/// What a build server would ask for.
fn request(options: &Options, number: u64, now: u64) -> Vec<u8> {
    let duration = options.due.map_or(options.duration, |due| {
        // Multiples of the golden ratio: evenly over the time, in no order.
        let share = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (due + ((share * options.over) >> 32)).saturating_sub(now / 1000).max(1)
    });
    let Options { to, key, webhook, first, .. } = options;
    let number = first + number;
    let body = format!(
        r#"{{"name":"build {number}","duration":{duration},"events":{{"on_expire":{{"webhook":"{webhook}","message":"build {number} took too long","data":{{"number":{number},"action":"cancel_build","repository":"acme/app"}}}}}}}}"#
    );
    let length = body.len();
    format!(
        "POST /timers HTTP/1.1\r\nhost: {to}\r\nx-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
