//! The receiver. Webhooks are known by the number that their timers were created with.

use crate::http::{Connection, number_behind};
use crate::now;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

const LISTENER: Token = Token(usize::MAX);
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

#[derive(clap::Args)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one, which is printed.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Take connections and requests, and never answer one.
    #[arg(long)]
    silent: bool,
}

/// A webhook that came.
struct Arrival {
    /// Of its timer.
    number: u64,
    /// In microseconds since 1970.
    at: u64,
}

/// Serves for ever. `GET /count` says how many webhooks have come, `GET /arrivals` lists them, `POST /forget` forgets them.
pub fn run(options: &Options) -> io::Result<()> {
    let mut listener = TcpListener::bind(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), options.port))?;
    println!("{}", listener.local_addr()?.port());
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut connections = HashMap::new();
    let mut arrivals = Vec::with_capacity(1 << 16);
    let mut next = 0;
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    let _ = stream.set_nodelay(true);
                    poll.registry().register(&mut stream, Token(next), Interest::READABLE | Interest::WRITABLE)?;
                    connections.insert(Token(next), Connection::new(stream));
                    next += 1;
                }
            } else if let Some(connection) = connections.get_mut(&event.token())
                && !serve(connection, &mut arrivals, options.silent).unwrap_or(false)
            {
                connections.remove(&event.token());
            }
        }
    }
}

/// Takes what has come on a connection. `false`: it is over.
fn serve(connection: &mut Connection, arrivals: &mut Vec<Arrival>, silent: bool) -> io::Result<bool> {
    let open = connection.read()?;
    // When all of it had been read: not before the webhook was whole.
    let at = now();
    connection.flush()?;
    while let Some(message) = connection.next() {
        if message.head.starts_with(b"GET /count ") {
            let answer = answer(&arrivals.len().to_string());
            connection.send(&answer)?;
        } else if message.head.starts_with(b"GET /arrivals ") {
            let lines = arrivals.iter().fold(String::new(), |mut lines, arrival| {
                let _ = writeln!(lines, "{} {}", arrival.number, arrival.at);
                lines
            });
            connection.send(&answer(&lines))?;
        } else if message.head.starts_with(b"POST /forget ") {
            arrivals.clear();
            connection.send(TAKEN)?;
        } else {
            arrivals.push(Arrival { number: number_behind(message.body, b"\"number\"").unwrap_or(u64::MAX), at });
            if !silent {
                connection.send(TAKEN)?;
            }
        }
    }
    Ok(open)
}

fn answer(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
