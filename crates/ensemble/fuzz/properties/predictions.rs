//! Properties of reading arbitrary bytes as a predictions file.

use ensemble::Predictions;

/// Whether the bytes are a predictions file. Predictions that are read must round-trip, and their metrics must be in
/// range or undefined.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    let Ok(read) = Predictions::read_csv(bytes, "p.csv") else {
        return false;
    };
    let mut written = Vec::new();
    assert!(read.write_csv(&mut written).is_ok());
    let again = Predictions::read_csv(&written[..], "p.csv");
    assert_eq!(again.ok().as_ref(), Some(&read));
    if let Ok(scores) = read.evaluate(Some(0.5)) {
        let [low, high] = scores.auc_interval;
        for metric in [
            scores.auc,
            scores.pr_auc,
            scores.brier,
            scores.ece,
            low,
            high,
        ] {
            assert!((0.0..=1.0).contains(&metric), "{scores:?}");
        }
        assert!(low <= high && scores.logloss.is_finite(), "{scores:?}");
    }
    true
}
