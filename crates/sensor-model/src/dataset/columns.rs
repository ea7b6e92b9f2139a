//! Assigns a role to each column of a data file by its name.

use crate::problem::ColumnProblem;
use crate::schema::{Feature, LABEL, REQUIRED_COUNT};

use super::{GROUP, ROW_ID, SCENARIO, SITE, TIME};

/// Columns that are allowed and ignored.
const IGNORED: [&str; 4] = ["recording", "sensor_id", "source", "timestamp"];

/// The role of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Feature(Feature),
    Label,
    RowId,
    Group,
    Episode,
    Time,
    Scenario,
    Site,
    Ignored,
}

impl Role {
    /// The role of a column with this name; `None` if it is not allowed.
    fn of(name: &str) -> Option<Self> {
        match name {
            LABEL => Some(Self::Label),
            ROW_ID => Some(Self::RowId),
            GROUP => Some(Self::Group),
            "episode_id" => Some(Self::Episode),
            TIME => Some(Self::Time),
            SCENARIO => Some(Self::Scenario),
            SITE => Some(Self::Site),
            _ if IGNORED.contains(&name) => Some(Self::Ignored),
            _ => Feature::from_name(name).map(Self::Feature),
        }
    }
}

/// Labels can be required or optional in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    Required,
    Optional,
}

/// The role of each column, in the order of the file. Missing, unknown and duplicate columns are errors.
pub(super) fn roles(names: &[&str], labels: Labels) -> Result<Vec<Role>, ColumnProblem> {
    if let Some(first) = names.first()
        && names.iter().all(|name| Role::of(name).is_none())
    {
        return Err(ColumnProblem::NoneKnown((*first).to_owned()));
    }
    // Unknown columns are reported first: an unknown name is often a misspelling of the missing one.
    let mut roles = Vec::with_capacity(names.len());
    for (i, &name) in names.iter().enumerate() {
        let role = Role::of(name).ok_or_else(|| ColumnProblem::Unknown(name.to_owned()))?;
        if names[..i].contains(&name) {
            return Err(ColumnProblem::Duplicate(name.to_owned()));
        }
        roles.push(role);
    }
    ignore_partial_metadata(&mut roles);
    // Newer features are optional, because older files do not have them.
    let features = Feature::ALL[..REQUIRED_COUNT].iter();
    let features = features.map(|feature| feature.name());
    let label = (labels == Labels::Required).then_some(LABEL);
    match features.chain(label).find(|name| !names.contains(name)) {
        Some(absent) => Err(ColumnProblem::Missing(absent.to_owned())),
        None => Ok(roles),
    }
}

/// Ignores time, scenario and site unless all three are present.
fn ignore_partial_metadata(roles: &mut [Role]) {
    let metadata = [Role::Time, Role::Scenario, Role::Site];
    if metadata.iter().all(|role| roles.contains(role)) {
        return;
    }
    for role in roles.iter_mut().filter(|role| metadata.contains(role)) {
        *role = Role::Ignored;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Vec<&'static str> {
        let features = Feature::ALL[..REQUIRED_COUNT].iter();
        let names = features.map(|feature| feature.name());
        names.chain([LABEL]).collect()
    }

    fn check(names: &[&str], expected: &str) {
        assert_eq!(
            roles(names, Labels::Required).unwrap_err().to_string(),
            expected
        );
    }

    #[test]
    fn any_order_and_known_metadata_are_accepted() {
        let mut names = complete();
        names.reverse();
        names.extend(["site", "episode_id", "timestamp"]);
        let roles = roles(&names, Labels::Required).unwrap();
        assert_eq!(roles[0], Role::Label);
        assert_eq!(roles[1], Role::Feature(Feature::GasVel));
        assert_eq!(roles[19..], [Role::Ignored, Role::Episode, Role::Ignored]);
    }

    #[test]
    fn metadata_is_ignored_unless_complete() {
        let mut names = complete();
        names.extend(["site", "time_s"]);
        let roles_of = |names: &[&str]| roles(names, Labels::Required).unwrap();
        assert_eq!(roles_of(&names)[19..], [Role::Ignored; 2]);
        names.push("scenario");
        let all = [Role::Site, Role::Time, Role::Scenario];
        assert_eq!(roles_of(&names)[19..], all);
    }

    #[test]
    fn only_the_label_can_be_optional() {
        let names = complete();
        assert_eq!(roles(&names[..18], Labels::Optional).unwrap().len(), 18);
        assert!(roles(&names[1..], Labels::Optional).is_err());
    }

    #[test]
    fn missing_unknown_and_duplicate_columns_are_reported_by_name() {
        let names = complete();
        check(
            &names[1..],
            "column t_mean is missing; a data file has the 18 features and fire_detected",
        );
        check(
            &names[..18],
            "column fire_detected is missing; a data file has the 18 features and fire_detected",
        );
        check(
            &[&names[..], &["t_maks"]].concat(),
            "column `t_maks` is unknown; remove it, or rename it if it is a feature",
        );
        check(
            &[&names[..], &["t_max"]].concat(),
            "column `t_max` appears twice; remove one of them",
        );
    }
}
