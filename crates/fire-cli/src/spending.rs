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
