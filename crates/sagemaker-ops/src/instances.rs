//! What instance types serve for, as the service's model lists them.

use aws_sdk_sagemaker::types::{ProductionVariantInstanceType, TrainingInstanceType};

use crate::price::Purpose;

/// Whether the service offers the type for this purpose.
pub(crate) fn serves(purpose: Purpose, instance_type: &str) -> bool {
    let offered = match purpose {
        Purpose::Training => TrainingInstanceType::values(),
        Purpose::Hosting => ProductionVariantInstanceType::values(),
    };
    offered.contains(&instance_type)
}

/// Whether the type saves up computing time while it is idle (`ml.t2`, `ml.t3`): such types cannot
/// be scaled automatically.
pub(crate) fn is_burstable(instance_type: &str) -> bool {
    instance_type.starts_with("ml.t")
        && instance_type[4..].starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_serve_what_the_service_offers_them_for() {
        for (instance_type, trains, hosts, burstable) in [
            ("ml.m5.4xlarge", true, true, false),
            ("ml.t2.medium", false, true, true),
            ("ml.t3.medium", true, false, true),
            ("ml.trn1.2xlarge", true, true, false),
            ("ml.m5.4xlage", false, false, false),
        ] {
            assert_eq!(
                serves(Purpose::Training, instance_type),
                trains,
                "{instance_type}"
            );
            assert_eq!(
                serves(Purpose::Hosting, instance_type),
                hosts,
                "{instance_type}"
            );
            assert_eq!(is_burstable(instance_type), burstable, "{instance_type}");
        }
    }
}
