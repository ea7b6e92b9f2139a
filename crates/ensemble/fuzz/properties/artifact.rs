//! What must hold for any bytes that are taken for a model file.

use ensemble::artifact::Artifact;
use ensemble::explain::Explainer;
use sha2::{Digest, Sha256};

/// What the files of the corpus were made for.
const SCHEMA: &str = "rows";
/// Bytes before the content; the last 32 of them are its checksum.
const HEADER: usize = 44;

/// Whether the bytes are a model file. Whatever loads gives probabilities, and the same bytes again.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    // Behind a checksum that is right, altered content gets as far as a careful forger's.
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
    assert!(artifact.to_bytes() == bytes, "it is written otherwise");
    let explainer = Explainer::new(&artifact).ok();
    assert!(artifact.manifest().is_object());
    for value in [0.0, -1.0, f32::MAX, f32::MIN, f32::NAN] {
        let row = vec![value; artifact.features.len()];
        let votes = artifact.members_row(&row);
        for p in votes.into_iter().chain([artifact.predict_row(&row)]) {
            assert!((0.0..=1.0).contains(&p), "{p} for {value}");
        }
        let sum = explainer
            .as_ref()
            .map(|explainer| explainer.row(&row).output());
        assert!(sum.is_none_or(f64::is_finite), "{sum:?} for {value}");
    }
    true
}
