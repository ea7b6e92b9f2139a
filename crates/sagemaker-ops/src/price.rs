//! Estimated prices of instances, from a dated table compiled into the program.
//!
//! Prices are on demand in us-east-1, billed per second. An instance type that is not in the table has
//! no estimate; a missing estimate never counts as zero.

/// The date of the price table.
pub const AS_OF: &str = "2026-11-23";

/// The source of the prices.
pub const SOURCE: &str = "us-east-1, on demand, from public tables, not from AWS itself";

/// The purpose of an instance. Not every type is offered for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Training jobs.
    Training,
    /// Endpoints.
    Hosting,
}

/// Instance types with USD per hour. `SageMaker` charges 1.2 times the price of the same EC2 instance,
/// both for training and for hosting.
const HOURLY_USD: [(&str, f64); 17] = [
    ("ml.c5.large", 0.102),
    ("ml.c5.xlarge", 0.204),
    ("ml.c5.2xlarge", 0.408),
    ("ml.c5.4xlarge", 0.816),
    ("ml.c5.9xlarge", 1.836),
    ("ml.c5.18xlarge", 3.672),
    ("ml.m5.large", 0.115),
    ("ml.m5.xlarge", 0.23),
    ("ml.m5.2xlarge", 0.461),
    ("ml.m5.4xlarge", 0.922),
    ("ml.m5.12xlarge", 2.765),
    ("ml.m5.24xlarge", 5.53),
    ("ml.t2.medium", 0.056),
    ("ml.t3.medium", 0.05),
    ("ml.t3.large", 0.1),
    ("ml.t3.xlarge", 0.2),
    ("ml.t3.2xlarge", 0.399),
];

/// USD per hour for one instance; `None` if the type is not in the table or not offered for the
/// purpose.
pub fn hourly_usd(purpose: Purpose, instance_type: &str) -> Option<f64> {
    let is_of = |family: &str| instance_type.starts_with(family);
    // The table has one price per type, but these types are offered for only one purpose.
    let not_offered = match purpose {
        Purpose::Training => is_of("ml.t2."),
        Purpose::Hosting => is_of("ml.t3."),
    };
    let known = HOURLY_USD.iter().find(|(name, _)| *name == instance_type);
    known.filter(|_| !not_offered).map(|(_, usd)| *usd)
}

/// USD for `instances` instances that run for `seconds`; `None` without a price.
pub fn estimate_usd(
    purpose: Purpose,
    instance_type: &str,
    instances: u32,
    seconds: f64,
) -> Option<f64> {
    hourly_usd(purpose, instance_type).map(|usd| usd * f64::from(instances) * seconds / 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_come_from_the_table_and_unknown_types_have_none() {
        let check = |purpose, instance_type: &str, expected| {
            assert_eq!(
                hourly_usd(purpose, instance_type),
                expected,
                "{purpose:?} {instance_type}"
            );
        };
        check(Purpose::Training, "ml.m5.4xlarge", Some(0.922));
        check(Purpose::Hosting, "ml.m5.4xlarge", Some(0.922));
        check(Purpose::Hosting, "ml.t2.medium", Some(0.056));
        check(Purpose::Training, "ml.t2.medium", None);
        check(Purpose::Training, "ml.t3.medium", Some(0.05));
        check(Purpose::Hosting, "ml.t3.medium", None);
        check(Purpose::Training, "ml.x9.large", None);
    }

    #[test]
    fn three_jobs_of_three_minutes_cost_fourteen_cents() {
        let one = estimate_usd(Purpose::Training, "ml.m5.4xlarge", 1, 180.0).unwrap();
        assert!((3.0 * one - 0.1383).abs() < 1e-9, "{one}");
        assert_eq!(estimate_usd(Purpose::Training, "unknown", 1, 180.0), None);
    }
}
