//! Properties that hold for any bytes given as a `model.tar.gz`.

use fire_container::serve::Predictor;
use fire_run::unpack_model;

/// Whether the bytes contain a `model.bin`, which may itself be anything.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    match unpack_model(bytes) {
        Ok(model) => {
            // Loading must not panic, whether it is a model or not.
            let _ = Predictor::from_bytes(&model);
            true
        }
        Err(error) => {
            assert!(!format!("{error:#}").is_empty());
            false
        }
    }
}
