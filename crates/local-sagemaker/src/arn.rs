//! The account that the local server is, and its resource names.

/// The account of the documented S3 locations, so that they work here as they are.
pub(crate) const ACCOUNT: &str = "691595239825";

/// The region of a request whose credential scope names none.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// `arn:aws:sagemaker:REGION:ACCOUNT:KIND/NAME`, the name in lower case as SageMaker writes it.
pub(crate) fn sagemaker(region: &str, kind: &str, name: &str) -> String {
    format!(
        "arn:aws:sagemaker:{region}:{ACCOUNT}:{kind}/{}",
        name.to_lowercase()
    )
}

/// The log group of an endpoint, as the runtime's errors name it.
pub(crate) fn endpoint_logs(region: &str, endpoint: &str) -> String {
    log_group(region, &format!("/aws/sagemaker/Endpoints/{endpoint}"))
}

/// A log group's resource name.
pub(crate) fn log_group(region: &str, name: &str) -> String {
    format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}")
}
