//! The instance types that SageMaker knows: the enumerations of the service model (botocore
//! 1.43.11), in its order.

use crate::names::Violations;

/// One type a line, 145 of them: no `ml.t2`.
const TRAINING: &str = include_str!("instance_types_training.txt");
/// One type a line, 271 of them: `ml.t2.medium` among them.
const HOSTING: &str = include_str!("instance_types_hosting.txt");

/// A type that training jobs may run on.
pub(crate) fn check_training(violations: &mut Violations, path: &str, instance_type: &str) {
    violations.one_of(path, instance_type, &TRAINING.lines().collect::<Vec<_>>());
}

/// A type that endpoints may run on.
pub(crate) fn check_hosting(violations: &mut Violations, path: &str, instance_type: &str) {
    violations.one_of(path, instance_type, &HOSTING.lines().collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(check: fn(&mut Violations, &str, &str), instance_type: &str) -> String {
        let mut violations = Violations::default();
        check(&mut violations, "instanceType", instance_type);
        violations
            .finish()
            .map_or_else(|error| error.message().to_owned(), |()| String::new())
    }

    #[test]
    fn t2_serves_but_does_not_train() {
        let text = refusal(check_training, "ml.t2.medium");
        assert!(
            text.contains("Value 'ml.t2.medium' at 'instanceType'"),
            "{text}"
        );
        assert!(
            text.contains("Member must satisfy enum value set: [")
                && text.contains("ml.m5.4xlarge"),
            "{text}"
        );
        assert_eq!(refusal(check_hosting, "ml.t2.medium"), "");
        assert_eq!(refusal(check_training, "ml.m5.4xlarge"), "");
    }
}
