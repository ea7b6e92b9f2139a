//! What must hold for any bytes that are taken for a `model.tar.gz`.

use fire_container::serve::Predictor;
use fire_container::unpack_model;

/// Whether the bytes hold a `model.bin`, which may itself be anything.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    match unpack_model(bytes) {
        Ok(model) => {
            // Whether it is one is said without a panic.
            let _ = Predictor::from_bytes(&model);
            true
        }
        Err(error) => {
            assert!(!format!("{error:#}").is_empty());
            false
        }
    }
}
