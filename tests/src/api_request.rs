//! What the functions asked of Azure.

use serde::Deserialize;
use serde_json::Value;

/// A request that the double has recorded.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ApiRequest {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The API version that it names.
    pub api_version: Option<String>,
    /// The function sets one on every request; the test's own requests have none.
    pub client_request_id: Option<String>,
    /// What was sent to Resource Manager.
    pub body: Option<Value>,
    /// What it was answered with, if it was.
    pub status: Option<u16>,
    /// Why, where the answer does not tell.
    pub note: Option<String>,
}

impl ApiRequest {
    /// Whether it would change something.
    pub fn is_write(&self) -> bool {
        matches!(self.method.as_str(), "PUT" | "PATCH" | "DELETE")
    }
}
