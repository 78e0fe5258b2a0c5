//! A way to the emulator on which things go wrong: calls are refused, or done without an answer.

use crate::emulator::emulator;
use minoots_aws::clients::{Clients, Connection};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is done and answered.
    None,
    /// It is not done, and answered with this status and error code.
    Refused(u16, &'static str),
    /// It is done, and the connection is cut before the answer.
    AnswerLost,
    /// It is not done, and never answered.
    Unanswered,
}

type Plan = Box<dyn FnMut(&str) -> Fault + Send>;

/// A way to the emulator on which a plan decides what happens to each call.
pub struct FaultyWay {
    port: u16,
    plan: Arc<Mutex<Plan>>,
}

impl FaultyWay {
    /// The plan is asked with a call's name, such as `DynamoDB_20120810.PutItem` or, at the Scheduler, `POST /schedules/x`.
    pub async fn open(plan: impl FnMut(&str) -> Fault + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let plan: Arc<Mutex<Plan>> = Arc::new(Mutex::new(Box::new(plan)));
        let asked = Arc::clone(&plan);
        // Make sure that there is an emulator before the first call.
        emulator();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let asked = Arc::clone(&asked);
                // A connection that breaks off is the client's to notice.
                tokio::spawn(async move { serve(stream, &asked).await.unwrap_or_default() });
            }
        });
        Self { port, plan }
    }

    /// Goes on by another plan.
    pub fn set(&self, plan: impl FnMut(&str) -> Fault + Send + 'static) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(plan);
    }

    /// Clients that go this way.
    pub fn clients(&self) -> Clients {
        self.clients_with(emulator().connection().patience)
    }

    /// Clients that go this way and give each try of a call so much time.
    pub fn clients_with(&self, patience: Duration) -> Clients {
        let endpoint = Some(format!("http://127.0.0.1:{}", self.port));
        let connection = Connection { endpoint, patience, ..emulator().connection() };
        Clients::new(&connection).expect("no certificates are needed")
    }
}

async fn serve(mut client: TcpStream, plan: &Mutex<Plan>) -> io::Result<()> {
    loop {
        let Some(request) = read_message(&mut client).await? else { return Ok(()) };
        let head = String::from_utf8_lossy(&request).into_owned();
        let target =
            head.lines().find_map(|line| line.to_lowercase().starts_with("x-amz-target:").then(|| &line[13..]));
        let first_line = head.lines().next().unwrap_or_default();
        let name = target.unwrap_or(first_line).trim().to_owned();
        let fault = plan.lock().unwrap_or_else(PoisonError::into_inner)(&name);
        if let Fault::Refused(status, code) = fault {
            let body = format!(r#"{{"__type":"{code}","message":"refused by the test"}}"#);
            let answer = format!(
                "HTTP/1.1 {status} Refused\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-errortype: {code}\r\n\
                 x-amzn-query-error: {code};Sender\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            client.write_all(answer.as_bytes()).await?;
            continue;
        }
        if fault == Fault::Unanswered {
            // Until the client hangs up.
            return client.read(&mut [0]).await.map(drop);
        }
        let mut there = TcpStream::connect(emulator().endpoint().trim_start_matches("http://")).await?;
        there.write_all(&request).await?;
        let Some(answer) = read_message(&mut there).await? else { return Ok(()) };
        if fault == Fault::AnswerLost {
            return Ok(());
        }
        client.write_all(&answer).await?;
    }
}

/// One request or answer, whole. Both sides here always say how long it is.
pub(crate) async fn read_message(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    let mut part = [0; 16 * 1024];
    let mut whole = None;
    while whole.is_none_or(|whole| message.len() < whole) {
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(None);
        }
        message.extend_from_slice(&part[..read]);
        if whole.is_none()
            && let Some(end) = message.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&message[..end]).to_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            whole = Some(end + 4 + length.unwrap_or_default());
        }
    }
    Ok(Some(message))
}
