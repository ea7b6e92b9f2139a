//! Properties that hold for any bytes given as a `model.tar.gz`.

use fire_container::serve::Predictor;
use fire_run::unpack_model;

/// Returns whether the bytes contain a `model.bin`, whose content is arbitrary.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    match unpack_model(bytes) {
        Ok(model) => {
            // Loading must not panic, whether or not it is a model.
            let _ = Predictor::from_bytes(&model);
            true
        }
        Err(error) => {
            assert!(!format!("{error:#}").is_empty());
            false
        }
    }
}
