//! What is checked before anything is created or spent.

use clap::Args;

/// Limits and checks before anything is created.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Before anything is spent")]
pub struct SpendingArgs {
    /// Refuse to begin when it could cost more at the dated list price: USD for all jobs together, USD an hour for an endpoint
    #[arg(long, value_name = "USD")]
    pub max_cost: Option<f64>,

    /// Check everything and say what would be done and what it costs; create nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Do not check credentials, role, image and names first
    #[arg(long, conflicts_with = "dry_run")]
    pub skip_preflight: bool,
}

impl SpendingArgs {
    /// The flags as words of a command that goes on with the same work.
    pub fn flags(&self) -> Vec<String> {
        let limit = self.max_cost.map(|usd| format!("--max-cost {usd}"));
        let unchecked = self.skip_preflight.then(|| "--skip-preflight".to_owned());
        limit.into_iter().chain(unchecked).collect()
    }
}
