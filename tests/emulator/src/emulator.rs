//! The emulator: started once for each test binary, on a free port, and gone when the binary is.

use crate::faults::read_message;
use minoots_aws::clients::{Clients, Connection};
use minoots_shared::domain::time::Timestamp;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

/// How long the emulator may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The emulator.
pub struct Emulator {
    port: u16,
    // Its standard input ends with this process, and then so does the emulator.
    _process: Child,
}

/// This binary's emulator.
pub fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    EMULATOR.get_or_init(Emulator::start)
}

impl Emulator {
    fn start() -> Self {
        let port = free_port();
        let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target = crate_dir.join("../../target");
        let python =
            std::env::var_os("EMULATOR_PYTHON").map_or_else(|| target.join("emulator/bin/python"), PathBuf::from);
        let log = std::fs::File::create(target.join(format!("emulator-{port}.log"))).expect("target can be written");
        let process = Command::new(&python)
            .arg(crate_dir.join("start.py"))
            .env("MINISTACK_ACCOUNT_ID", "123456789012")
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .env("MINISTACK_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
            .env("LAMBDA_EXECUTOR", "local")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the log can be opened twice"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{} can't be run ({error}): `make emulator` installs it", python.display()));
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(started.elapsed() < PATIENCE, "the emulator does not listen: see target/emulator-{port}.log");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { port, _process: process }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How it is reached.
    pub fn connection(&self) -> Connection {
        Connection {
            region: REGION.to_owned(),
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key: ACCESS_KEY.to_owned().into(),
            session_token: None,
            endpoint: Some(self.endpoint()),
            trusted: None,
            patience: PATIENCE,
        }
    }

    /// Hands it the time that its queues and schedules go by from now on, instead of the system's. What is due then has gone
    /// off on return.
    pub async fn set_clock(&self, now: Timestamp) {
        let body = format!("{}.{:03}", now.0 / 1_000, now.0 % 1_000);
        let request = format!("POST /clock HTTP/1.1\r\nhost: emulator\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let address = (Ipv4Addr::LOCALHOST, self.port);
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("the emulator listens");
        stream.write_all(request.as_bytes()).await.expect("the emulator reads");
        let answer = read_message(&mut stream).await.expect("the emulator answers").expect("it does not hang up");
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }

    /// Clients of it.
    pub fn clients(&self) -> Clients {
        Clients::new(&self.connection()).expect("a connection without TLS needs no certificates")
    }
}

/// Its region.
pub(crate) const REGION: &str = "eu-west-1";
/// Any other access key would be taken as another account's.
pub(crate) const ACCESS_KEY: &str = "test";

/// A port that was free just now.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port is free").port()
}

/// A name that nothing else in this binary's emulator has.
pub fn fresh_name(kind: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{kind}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
