//! Pagination tokens: the position of the last entry of a page, in text that clients cannot read or build
//! by accident.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::machine::table::Position;
use crate::protocol::ApiError;

/// The version of the format; tokens of other versions are rejected.
const VERSION: u32 = 1;

/// The list that a token belongs to, and its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    /// The response member with the list.
    pub(super) list: String,
    /// `Name`, `CreationTime` or `Status`.
    pub(super) sort_by: String,
    /// Whether the order is ascending.
    pub(super) ascending: bool,
}

/// What a token contains.
#[derive(Serialize, Deserialize)]
struct Content {
    /// [`VERSION`].
    version: u32,
    /// The list.
    token: Token,
    /// The last entry of the page before.
    last: Position,
}

impl Token {
    /// The token for the page after `last`.
    pub(super) fn write(&self, last: &Position) -> String {
        let content = Content {
            version: VERSION,
            token: self.clone(),
            last: last.clone(),
        };
        // Numbers and texts always have a JSON form.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&content).unwrap_or_default())
    }

    /// The position in a token of this list.
    pub(super) fn read(&self, text: &str) -> Result<Position, ApiError> {
        let invalid = |reason: &str| {
            ApiError::validation(format!("Invalid pagination token because {reason}."))
        };
        let content = URL_SAFE_NO_PAD.decode(text).ok();
        let content: Option<Content> =
            content.and_then(|content| serde_json::from_slice(&content).ok());
        let content = content
            .filter(|content| content.version == VERSION)
            .ok_or_else(|| invalid("it is not one of this server's"))?;
        if content.token.list != self.list {
            return Err(invalid("it is of another operation"));
        }
        if content.token != *self {
            return Err(invalid("it is of a list in another order"));
        }
        Ok(content.last)
    }
}
