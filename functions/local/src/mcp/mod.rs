//! `minoots mcp`: timers as tools of the Model Context Protocol, over standard input and output, so that an AI agent can hold
//! itself to time.

mod tools;
mod wait;

use crate::cli::{Client, Connection, Exit, Failure};
use clap::Args;
use rmcp::ErrorData;
use rmcp::ServiceExt as _;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, Content, Implementation, ListToolsResult, PaginatedRequestParams,
    ServerCapabilities, ServerInfo,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Map, Value};

/// What an agent is told when it connects.
const INSTRUCTIONS: &str = "Timers that survive you: they run on a server, also while you are not asked anything. \
Use them to hold yourself to time: create_timer when you begin something that must not take too long or must happen later, \
get_timer to see how much is left, wait_for_timer to wait until it ends, cancel_timer when it is no longer needed. \
Durations are like 90s, 15m, 6h30m. Times are UTC.";

/// Serve timers to an AI agent: the Model Context Protocol on standard input and output.
#[derive(Args)]
pub(crate) struct Mcp {
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(mcp: &Mcp) -> Result<(), Failure> {
    let client = mcp.connection.client()?;
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, format!("MCP: {error}"));
    let transport = rmcp::transport::stdio();
    let service = match (Agent { client }).serve(transport).await {
        Ok(service) => service,
        // Whoever goes away before it said hello wants nothing.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(failed(&error)),
    };
    service.waiting().await.map(|_| ()).map_err(|error| failed(&error))
}

/// An agent's session.
struct Agent {
    client: Client,
}

impl ServerHandler for Agent {
    fn get_info(&self) -> ServerInfo {
        ServerInfo::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("minoots", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let known = tools::all().into_iter().find(|tool| tool.name == request.name);
        let tool =
            known.ok_or_else(|| ErrorData::invalid_params(format!("there is no tool {}", request.name), None))?;
        // Said to the agent, which can mend it, rather than to the client as an error of the protocol.
        if let Err(message) = tools::check(&tool, &arguments) {
            return Ok(CallToolResult::error(vec![Content::text(message)]));
        }
        let done = match &*request.name {
            "wait_for_timer" => wait::wait(&self.client, &arguments, &context).await,
            name => tools::call(&self.client, name, &arguments).await,
        };
        Ok(match done {
            Ok(value) => CallToolResult::structured(value),
            Err(failure) => CallToolResult::error(vec![Content::text(failure.to_string())]),
        })
    }
}

/// A text among a tool's arguments.
fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    arguments.get(name).and_then(Value::as_str)
}
