//! Sentences of the services, cut to what their reader can use.

/// Shortens each long list of allowed values to its beginning: instance types alone are hundreds,
/// and whoever mistyped one needs to see what is wrong.
pub(super) fn shorten_value_sets(text: &str) -> String {
    const MARK: &str = "enum value set: [";
    const LONGEST: usize = 12;
    const SHOWN: usize = 5;
    let mut short = String::new();
    let mut rest = text;
    while let Some((before, list)) = rest.split_once(MARK) {
        let (list, after) = list.split_at(list.find(']').unwrap_or(list.len()));
        let values: Vec<&str> = list.split(", ").collect();
        let list = if values.len() > LONGEST {
            format!(
                "{}, ... ({} in all)",
                values[..SHOWN].join(", "),
                values.len()
            )
        } else {
            list.to_owned()
        };
        short.extend([before, MARK, &list]);
        rest = after;
    }
    short + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::tests::error_of;
    use crate::scripted::refusal;

    #[tokio::test]
    async fn long_lists_of_allowed_values_are_shortened_and_kept_in_the_answer() {
        let types = |count: usize| (0..count).map(|i| format!("ml.m{i}")).collect::<Vec<_>>();
        let list = |count| types(count).join(", ");
        let say = |first: &str, second: &str| {
            format!(
                "2 validation errors detected: Value 'x' at 'a' failed to satisfy constraint: \
                 Member must satisfy enum value set: [{first}]; Value 'y' at 'b' failed to satisfy \
                 constraint: Member must satisfy enum value set: [{second}]"
            )
        };
        let whole = say(&list(100), &list(12));
        let error = error_of(refusal("ValidationException", &whole)).await;
        let short = format!("{}, ... (100 in all)", list(5));
        let said = say(&short, &list(12));
        assert_eq!(
            error.to_string(),
            format!("cannot describe the training job job-1: {said} (ValidationException)")
        );
        let answer = format!("{:?}", error.answer().unwrap());
        assert!(answer.contains(&whole), "{answer}");
        for torn in ["enum value set: [a, b", "enum value set: ]", "[a]"] {
            assert_eq!(shorten_value_sets(torn), torn);
        }
    }
}
