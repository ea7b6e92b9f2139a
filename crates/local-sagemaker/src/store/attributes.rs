//! What is stored with an object apart from its content.

use std::collections::BTreeMap;

use s3s::checksum::ChecksumHasher;
use s3s::dto::Checksum;
use serde::{Deserialize, Serialize};

/// The attributes of an object or of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    /// `Content-Type` as sent; clients see `binary/octet-stream` if there is none.
    pub(crate) content_type: Option<String>,
    /// `Content-Encoding` without `aws-chunked`.
    pub(crate) content_encoding: Option<String>,
    /// `Content-Disposition`.
    pub(crate) content_disposition: Option<String>,
    /// `Content-Language`.
    pub(crate) content_language: Option<String>,
    /// `Cache-Control`.
    pub(crate) cache_control: Option<String>,
    /// `Expires`, in milliseconds since the epoch.
    pub(crate) expires: Option<i64>,
    /// `x-amz-website-redirect-location`.
    pub(crate) redirect: Option<String>,
    /// `x-amz-meta-*`, without that prefix.
    pub(crate) metadata: BTreeMap<String, String>,
    /// The headers of server-side encryption.
    pub(crate) encryption: Encryption,
    /// The checksums of the content; of an upload in parts, what its checksum will be.
    pub(crate) checksums: Checksums,
}

/// How a client has asked for encryption. Nothing is encrypted: the headers are kept and echoed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Encryption {
    /// `AES256` or `aws:kms`.
    pub(crate) algorithm: Option<String>,
    /// The KMS key.
    pub(crate) key_id: Option<String>,
    /// The KMS context, as sent.
    pub(crate) context: Option<String>,
    /// Whether a bucket key is used.
    pub(crate) bucket_key: Option<bool>,
    /// The algorithm of a key that the client keeps.
    pub(crate) customer_algorithm: Option<String>,
    /// The MD5 of a key that the client keeps.
    pub(crate) customer_key_md5: Option<String>,
}

/// A checksum algorithm of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    /// CRC-32 as in zip.
    #[serde(rename = "CRC32")]
    Crc32,
    /// CRC-32C (Castagnoli).
    #[serde(rename = "CRC32C")]
    Crc32C,
    /// CRC-64/NVME, which S3 computes if a client asks for nothing.
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    /// SHA-1.
    #[serde(rename = "SHA1")]
    Sha1,
    /// SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
}

impl Algorithm {
    /// All algorithms.
    pub(crate) const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32C,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32C => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The algorithm with this name, in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let named = |algorithm: &Self| algorithm.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(named)
    }

    /// The header that carries a checksum.
    pub(crate) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_lowercase())
    }
}

/// Whether the checksum of an upload in parts covers the whole content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChecksumKind {
    /// Of the whole content.
    #[serde(rename = "FULL_OBJECT")]
    FullObject,
    /// Of the parts' checksums.
    #[serde(rename = "COMPOSITE")]
    Composite,
}

/// Base64 checksums by algorithm. An empty value is one that an upload in parts will have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Checksums {
    /// The values.
    pub(crate) values: BTreeMap<Algorithm, String>,
    /// What they cover; `None` for a part of an upload.
    pub(crate) kind: Option<ChecksumKind>,
}

impl Checksums {
    /// The value of an algorithm, if known.
    pub(crate) fn get(&self, algorithm: Algorithm) -> Option<&String> {
        self.values.get(&algorithm)
    }

    /// The algorithm that an upload has chosen.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.values.keys().next().copied()
    }
}

/// A hasher for these algorithms.
pub(crate) fn hasher(wanted: impl Fn(Algorithm) -> bool) -> ChecksumHasher {
    ChecksumHasher {
        crc32: wanted(Algorithm::Crc32).then(Default::default),
        crc32c: wanted(Algorithm::Crc32C).then(Default::default),
        crc64nvme: wanted(Algorithm::Crc64Nvme).then(Default::default),
        sha1: wanted(Algorithm::Sha1).then(Default::default),
        sha256: wanted(Algorithm::Sha256).then(Default::default),
    }
}

impl From<Checksum> for Checksums {
    fn from(sums: Checksum) -> Self {
        let values = [
            (Algorithm::Crc32, sums.checksum_crc32),
            (Algorithm::Crc32C, sums.checksum_crc32c),
            (Algorithm::Crc64Nvme, sums.checksum_crc64nvme),
            (Algorithm::Sha1, sums.checksum_sha1),
            (Algorithm::Sha256, sums.checksum_sha256),
        ];
        let known = |(algorithm, value): (Algorithm, Option<String>)| Some((algorithm, value?));
        Self {
            values: values.into_iter().filter_map(known).collect(),
            kind: None,
        }
    }
}
