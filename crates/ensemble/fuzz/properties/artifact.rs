//! Properties of reading arbitrary bytes as a model file.

use ensemble::artifact::Artifact;
use ensemble::explain::Explainer;
use sha2::{Digest, Sha256};

/// The schema of the corpus files.
const SCHEMA: &str = "rows";
/// Bytes before the content; the last 32 of them are its checksum.
const HEADER: usize = 44;

/// Whether the bytes are a model file. Any file that loads must give probabilities and serialize to the same bytes.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    // Also test the content with a corrected checksum, so that altered content is parsed.
    let mut sealed = bytes.to_vec();
    if let Some((header, content)) = sealed.split_at_mut_checked(HEADER) {
        header[HEADER - 32..].copy_from_slice(&Sha256::digest(content));
        loads(&sealed);
    }
    loads(bytes)
}

fn loads(bytes: &[u8]) -> bool {
    let Ok(artifact) = Artifact::from_bytes(bytes, SCHEMA) else {
        return false;
    };
    assert!(artifact.to_bytes() == bytes, "it is written differently");
    let explainer = Explainer::new(&artifact).ok();
    assert!(artifact.manifest().is_object());
    for value in [0.0, -1.0, f32::MAX, f32::MIN, f32::NAN] {
        let row = vec![value; artifact.features.len()];
        let members = artifact.members_row(&row);
        for p in members.into_iter().chain([artifact.predict_row(&row)]) {
            assert!((0.0..=1.0).contains(&p), "{p} for {value}");
        }
        let sum = explainer
            .as_ref()
            .map(|explainer| explainer.row(&row).output());
        assert!(sum.is_none_or(f64::is_finite), "{sum:?} for {value}");
    }
    true
}
