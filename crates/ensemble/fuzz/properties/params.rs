//! Properties of arbitrary settings: a first line with the algorithm, then `name=value` lines.

use ensemble::{Algorithm, Params};

/// Whether every line was accepted. A rejected line must change nothing, and the resulting parameters must be valid and
/// round-trip.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    let mut lines = std::str::from_utf8(bytes).unwrap_or_default().lines();
    let Some(Ok(algorithm)) = lines.next().map(str::parse::<Algorithm>) else {
        return false;
    };
    let mut params = Params::defaults(algorithm);
    let mut accepted = true;
    for line in lines {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        let before = params.clone();
        if params.set(name, value).is_err() {
            assert_eq!(params, before, "{line:?} was rejected");
            accepted = false;
        }
    }
    let mut again = Params::defaults(algorithm);
    for (name, value) in params.entries() {
        assert!(again.set(&name, &value).is_ok(), "{name}={value}");
    }
    assert_eq!(again, params);
    assert!(params.check().is_ok());
    accepted
}
