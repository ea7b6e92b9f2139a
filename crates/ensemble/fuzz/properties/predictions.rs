//! What must hold for any bytes that are taken for a predictions file.

use ensemble::Predictions;

/// Whether the bytes are a predictions file. Whatever is read is written and read again as the same, and has figures
/// in their range or a reason for having none.
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
        for figure in [
            scores.auc,
            scores.pr_auc,
            scores.brier,
            scores.ece,
            low,
            high,
        ] {
            assert!((0.0..=1.0).contains(&figure), "{scores:?}");
        }
        assert!(low <= high && scores.logloss.is_finite(), "{scores:?}");
    }
    true
}
