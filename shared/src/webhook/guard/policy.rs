//! What a deployment allows beyond the strict rules.

use std::fmt;

/// What a deployment allows beyond the strict rules.
///
/// Everything else is refused under every policy: there is no switch for private networks, metadata services or
/// userinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlPolicy {
    /// `http://` is allowed beside `https://`. It says nothing about ports; see [`UrlPolicy::with_http`].
    pub http: bool,
    /// 127.0.0.0/8, `::1` and exactly the name `localhost` are allowed. Nothing else that would lead to this machine is:
    /// not `::ffff:127.0.0.1`, not 0.0.0.0, not `app.localhost`.
    pub loopback: bool,
    /// The ports that a URL may name, or imply by its scheme.
    pub ports: Ports,
}

/// The ports that a URL may name, or imply by its scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ports {
    /// These and no others. An empty list refuses every URL.
    Listed(Vec<u16>),
    /// Every port from 1 to 65535. Port 0 is none: nothing can listen there (RFC 6335 section 6).
    Any,
}

impl UrlPolicy {
    /// What a deployed service starts from: https only, ports 443 and 8443.
    pub fn strict() -> Self {
        Self { http: false, loopback: false, ports: Ports::Listed(vec![443, 8443]) }
    }

    /// What the local server uses: http, loopback, `localhost` and any port, so that a receiver under development can
    /// be tried on the same machine. Nothing else is relaxed.
    pub fn local() -> Self {
        Self { http: true, loopback: true, ports: Ports::Any }
    }

    /// Allows `http://` too, and with it ports 80 and 8080.
    #[must_use]
    pub fn with_http(mut self) -> Self {
        self.http = true;
        if let Ports::Listed(ports) = &mut self.ports {
            for port in [80, 8080] {
                if !ports.contains(&port) {
                    ports.push(port);
                }
            }
        }
        self
    }
}

impl Ports {
    /// Whether a URL may name `port`.
    pub fn allows(&self, port: u16) -> bool {
        match self {
            Self::Listed(ports) => ports.contains(&port),
            Self::Any => port != 0,
        }
    }
}

/// As a refusal names them: `443, 8443`.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("1 to 65535"),
            Self::Listed(ports) if ports.is_empty() => f.write_str("none"),
            Self::Listed(ports) => {
                for (index, port) in ports.iter().enumerate() {
                    write!(f, "{}{port}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}
