//! Bucket configurations. Only the encryption can be set here; of the others, reads say what S3 says of a
//! new bucket.

use s3s::dto::{
    DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput,
    GetBucketAccelerateConfigurationInput, GetBucketAccelerateConfigurationOutput,
    GetBucketAclInput, GetBucketAclOutput, GetBucketCorsInput, GetBucketCorsOutput,
    GetBucketEncryptionInput, GetBucketEncryptionOutput, GetBucketLifecycleConfigurationInput,
    GetBucketLifecycleConfigurationOutput, GetBucketLoggingInput, GetBucketLoggingOutput,
    GetBucketNotificationConfigurationInput, GetBucketNotificationConfigurationOutput,
    GetBucketOwnershipControlsInput, GetBucketOwnershipControlsOutput, GetBucketPolicyInput,
    GetBucketPolicyOutput, GetBucketPolicyStatusInput, GetBucketPolicyStatusOutput,
    GetBucketReplicationInput, GetBucketReplicationOutput, GetBucketRequestPaymentInput,
    GetBucketRequestPaymentOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
    GetBucketWebsiteInput, GetBucketWebsiteOutput, GetObjectAclInput, GetObjectAclOutput,
    GetObjectLegalHoldInput, GetObjectLegalHoldOutput, GetObjectLockConfigurationInput,
    GetObjectLockConfigurationOutput, GetObjectRetentionInput, GetObjectRetentionOutput,
    GetPublicAccessBlockInput, GetPublicAccessBlockOutput, Grant, Grantee, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, Payer, Permission, PublicAccessBlockConfiguration,
    PutBucketEncryptionInput, PutBucketEncryptionOutput, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    Type,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::body::run;
use super::errors::error;
use super::headers::owner;
use crate::protocol::names::S3Uri;
use crate::store::Store;
use crate::store::attributes::Encryption;

/// Reads that fail, if the bucket exists, because nothing is configured.
macro_rules! not_configured {
    ($($function:ident: $input:ty => $output:ty, $code:ident, $message:literal;)*) => {
        $(
            #[doc = $message]
            pub(super) async fn $function(
                store: &Store,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                require(store, request.input.bucket).await?;
                Err(error(S3ErrorCode::$code, $message))
            }
        )*
    };
}

not_configured! {
    get_bucket_policy: GetBucketPolicyInput => GetBucketPolicyOutput,
        NoSuchBucketPolicy, "The bucket policy does not exist";
    get_bucket_policy_status: GetBucketPolicyStatusInput => GetBucketPolicyStatusOutput,
        NoSuchBucketPolicy, "The bucket policy does not exist";
    get_bucket_cors: GetBucketCorsInput => GetBucketCorsOutput,
        NoSuchCORSConfiguration, "The CORS configuration does not exist";
    get_bucket_lifecycle: GetBucketLifecycleConfigurationInput => GetBucketLifecycleConfigurationOutput,
        NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist";
    get_bucket_website: GetBucketWebsiteInput => GetBucketWebsiteOutput,
        NoSuchWebsiteConfiguration, "The specified bucket does not have a website configuration";
    get_bucket_replication: GetBucketReplicationInput => GetBucketReplicationOutput,
        ReplicationConfigurationNotFoundError, "The replication configuration was not found";
    get_object_lock_configuration: GetObjectLockConfigurationInput => GetObjectLockConfigurationOutput,
        ObjectLockConfigurationNotFoundError, "Object Lock configuration does not exist for this bucket";
    get_object_legal_hold: GetObjectLegalHoldInput => GetObjectLegalHoldOutput,
        InvalidRequest, "Bucket is missing Object Lock Configuration";
    get_object_retention: GetObjectRetentionInput => GetObjectRetentionOutput,
        InvalidRequest, "Bucket is missing Object Lock Configuration";
}

/// Reads that succeed, if the bucket exists, with the settings of a new bucket.
macro_rules! default_settings {
    ($($function:ident: $input:ty => $output:ty, $value:expr, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub(super) async fn $function(
                store: &Store,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                require(store, request.input.bucket).await?;
                Ok(S3Response::new($value))
            }
        )*
    };
}

default_settings! {
    get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput,
        GetBucketVersioningOutput::default(), "Never enabled.";
    get_bucket_logging: GetBucketLoggingInput => GetBucketLoggingOutput,
        GetBucketLoggingOutput::default(), "Disabled.";
    get_bucket_accelerate: GetBucketAccelerateConfigurationInput => GetBucketAccelerateConfigurationOutput,
        GetBucketAccelerateConfigurationOutput::default(), "Never set.";
    get_bucket_notification: GetBucketNotificationConfigurationInput => GetBucketNotificationConfigurationOutput,
        GetBucketNotificationConfigurationOutput::default(), "None.";
    get_bucket_request_payment: GetBucketRequestPaymentInput => GetBucketRequestPaymentOutput,
        GetBucketRequestPaymentOutput { payer: Some(Payer::from_static(Payer::BUCKET_OWNER)) },
        "The owner pays.";
    get_bucket_acl: GetBucketAclInput => GetBucketAclOutput,
        GetBucketAclOutput { grants: Some(vec![full_control()]), owner: Some(owner()) },
        "The owner may do everything.";
    get_bucket_ownership_controls: GetBucketOwnershipControlsInput => GetBucketOwnershipControlsOutput,
        GetBucketOwnershipControlsOutput { ownership_controls: Some(ownership()) },
        "Access control lists are disabled.";
    get_public_access_block: GetPublicAccessBlockInput => GetPublicAccessBlockOutput,
        GetPublicAccessBlockOutput { public_access_block_configuration: Some(access_block()) },
        "All public access is blocked.";
}

/// `GetObjectAcl`: the owner may do everything.
pub(super) async fn get_object_acl(
    store: &Store,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let name = S3Uri {
        bucket: request.input.bucket,
        key: request.input.key,
    };
    run(store, move |store| store.head(&name)).await?;
    Ok(S3Response::new(GetObjectAclOutput {
        grants: Some(vec![full_control()]),
        owner: Some(owner()),
        request_charged: None,
    }))
}

/// Fails if the bucket does not exist.
async fn require(store: &Store, bucket: String) -> Result<(), S3Error> {
    run(store, move |store| store.bucket(&bucket))
        .await
        .map(drop)
}

/// The owner's right.
fn full_control() -> Grant {
    let owner = owner();
    Grant {
        grantee: Some(Grantee {
            display_name: owner.display_name,
            email_address: None,
            id: owner.id,
            type_: Type::from_static(Type::CANONICAL_USER),
            uri: None,
        }),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    }
}

/// `GetBucketEncryption`: S3's own keys, unless others have been set.
pub(super) async fn get_bucket_encryption(
    store: &Store,
    request: S3Request<GetBucketEncryptionInput>,
) -> S3Result<S3Response<GetBucketEncryptionOutput>> {
    let name = request.input.bucket;
    let bucket = run(store, move |store| store.bucket(&name)).await?;
    let set = bucket.encryption.unwrap_or_default();
    let algorithm = set
        .algorithm
        .unwrap_or_else(|| ServerSideEncryption::AES256.to_owned());
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
            kms_master_key_id: set.key_id,
            sse_algorithm: ServerSideEncryption::from(algorithm),
        }),
        bucket_key_enabled: Some(set.bucket_key.unwrap_or(false)),
    };
    Ok(S3Response::new(GetBucketEncryptionOutput {
        server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration {
            rules: vec![rule],
        }),
    }))
}

/// `PutBucketEncryption`, which new objects then show.
pub(super) async fn put_bucket_encryption(
    store: &Store,
    request: S3Request<PutBucketEncryptionInput>,
) -> S3Result<S3Response<PutBucketEncryptionOutput>> {
    let rules = request.input.server_side_encryption_configuration.rules;
    let rule = rules
        .into_iter()
        .next()
        .ok_or_else(|| S3Error::new(S3ErrorCode::MalformedXML))?;
    let default = rule
        .apply_server_side_encryption_by_default
        .ok_or_else(|| S3Error::new(S3ErrorCode::MalformedXML))?;
    let encryption = Encryption {
        algorithm: Some(default.sse_algorithm.as_str().to_owned()),
        key_id: default.kms_master_key_id,
        bucket_key: rule.bucket_key_enabled,
        ..Encryption::default()
    };
    encryption.check()?;
    let name = request.input.bucket;
    run(store, move |store| {
        store.set_bucket_encryption(&name, Some(&encryption))
    })
    .await?;
    Ok(S3Response::new(PutBucketEncryptionOutput::default()))
}

/// `DeleteBucketEncryption`.
pub(super) async fn delete_bucket_encryption(
    store: &Store,
    request: S3Request<DeleteBucketEncryptionInput>,
) -> S3Result<S3Response<DeleteBucketEncryptionOutput>> {
    let name = request.input.bucket;
    run(store, move |store| store.set_bucket_encryption(&name, None)).await?;
    Ok(S3Response::new(DeleteBucketEncryptionOutput::default()))
}

/// The owner of the bucket owns all objects.
fn ownership() -> OwnershipControls {
    OwnershipControls {
        rules: vec![OwnershipControlsRule {
            object_ownership: ObjectOwnership::from_static(ObjectOwnership::BUCKET_OWNER_ENFORCED),
        }],
    }
}

/// No public access.
fn access_block() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration {
        block_public_acls: Some(true),
        block_public_policy: Some(true),
        ignore_public_acls: Some(true),
        restrict_public_buckets: Some(true),
    }
}
