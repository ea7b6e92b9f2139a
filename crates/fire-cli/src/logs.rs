//! The command that shows a log.

use sagemaker_ops::logs::LogLocation;

/// The shell command that shows the log. It needs the aws CLI and `logs:FilterLogEvents`.
pub fn log_command(location: &LogLocation) -> String {
    let LogLocation {
        group,
        stream_prefix,
        region,
    } = location;
    let prefix = stream_prefix.as_ref();
    let prefix = prefix.map_or(String::new(), |prefix| {
        format!(" --log-stream-name-prefix {prefix}")
    });
    format!("aws logs tail {group}{prefix} --since 1d --region {region}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_selects_the_group_and_the_streams_of_the_log() {
        let check = |group: &str, prefix: Option<&str>, expected: &str| {
            let location = LogLocation {
                group: group.to_owned(),
                stream_prefix: prefix.map(str::to_owned),
                region: "us-east-1".to_owned(),
            };
            assert_eq!(log_command(&location), expected);
        };
        check(
            "/aws/sagemaker/TrainingJobs",
            Some("job-1/"),
            "aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix job-1/ --since 1d \
             --region us-east-1",
        );
        check(
            "/aws/sagemaker/Endpoints/e",
            None,
            "aws logs tail /aws/sagemaker/Endpoints/e --since 1d --region us-east-1",
        );
    }
}
