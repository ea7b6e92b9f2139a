//! The operations that the local server implements. All others are rejected by name with 501
//! `NotImplemented`.

use async_trait::async_trait;
use s3s::{S3, S3Request, S3Response, S3Result, dto};

use super::{buckets, configuration, listing, multipart, read, tagging, write};
use crate::store::Store;

/// Executes operations.
pub(super) struct Operations {
    /// The objects.
    pub(super) store: Store,
}

/// Implements the trait by a table, because each method only calls the function of its operation.
macro_rules! operations {
    ($($method:ident($input:ident) -> $output:ident = $function:path;)*) => {
        #[async_trait]
        impl S3 for Operations {
            $(
                async fn $method(
                    &self,
                    request: S3Request<dto::$input>,
                ) -> S3Result<S3Response<dto::$output>> {
                    $function(&self.store, request).await
                }
            )*
        }

        /// The input types of the operations, which are named after them.
        const INPUTS: &[&str] = &[$(stringify!($input)),*];
    };
}

/// Whether the local server implements the operation with this name in the API of S3.
pub(crate) fn is_implemented(name: &str) -> bool {
    let mut operations = INPUTS
        .iter()
        .filter_map(|input| input.strip_suffix("Input"));
    operations.any(|operation| operation == name)
}

operations! {
    create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create_bucket;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head_bucket;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete_bucket;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::get_bucket_location;
    list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list_buckets;

    get_object(GetObjectInput) -> GetObjectOutput = read::get_object;
    head_object(HeadObjectInput) -> HeadObjectOutput = read::head_object;
    get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput = read::get_object_attributes;

    put_object(PutObjectInput) -> PutObjectOutput = write::put_object;
    copy_object(CopyObjectInput) -> CopyObjectOutput = write::copy_object;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = write::delete_object;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = write::delete_objects;

    list_objects(ListObjectsInput) -> ListObjectsOutput = listing::list_objects;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = listing::list_objects_v2;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = listing::list_object_versions;

    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = multipart::create;
    upload_part(UploadPartInput) -> UploadPartOutput = multipart::upload_part;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = multipart::upload_part_copy;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = multipart::complete;
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart::abort;
    list_parts(ListPartsInput) -> ListPartsOutput = multipart::list_parts;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = multipart::list_uploads;

    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tagging::get_object_tagging;
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tagging::put_object_tagging;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = tagging::delete_object_tagging;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = tagging::get_bucket_tagging;
    put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = tagging::put_bucket_tagging;
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = tagging::delete_bucket_tagging;

    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput
        = configuration::get_bucket_versioning;
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = configuration::get_bucket_acl;
    get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = configuration::get_object_acl;
    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = configuration::get_bucket_policy;
    get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput
        = configuration::get_bucket_policy_status;
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = configuration::get_bucket_cors;
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput
        = configuration::get_bucket_lifecycle;
    get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput = configuration::get_bucket_website;
    get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput
        = configuration::get_bucket_replication;
    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput
        = configuration::get_object_lock_configuration;
    get_object_legal_hold(GetObjectLegalHoldInput) -> GetObjectLegalHoldOutput = configuration::get_object_legal_hold;
    get_object_retention(GetObjectRetentionInput) -> GetObjectRetentionOutput = configuration::get_object_retention;
    get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput = configuration::get_bucket_logging;
    get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput)
        -> GetBucketAccelerateConfigurationOutput = configuration::get_bucket_accelerate;
    get_bucket_notification_configuration(GetBucketNotificationConfigurationInput)
        -> GetBucketNotificationConfigurationOutput = configuration::get_bucket_notification;
    get_bucket_request_payment(GetBucketRequestPaymentInput) -> GetBucketRequestPaymentOutput
        = configuration::get_bucket_request_payment;
    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput
        = configuration::get_bucket_encryption;
    put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput
        = configuration::put_bucket_encryption;
    delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput
        = configuration::delete_bucket_encryption;
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput
        = configuration::get_bucket_ownership_controls;
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput
        = configuration::get_public_access_block;
}
