use ensemble::metrics::{best_f1_threshold, evaluate};

/// A vector of labels and probabilities, and what scikit-learn 1.9.1 says of it.
struct Case {
    rows: u32,
    /// Of the probabilities.
    levels: u32,
    /// How far the labels draw them.
    pull: f64,
    threshold: f64,
    /// `roc_auc_score`, `average_precision_score`, `accuracy_score`, `f1_score`, `precision_score`, `recall_score`,
    /// `log_loss`, `brier_score_loss`.
    figures: [f64; 8],
    /// Accuracy, F1, precision and recall at `threshold`.
    decisions: [f64; 4],
    /// Where F1 is highest on `precision_recall_curve`.
    best_threshold: f64,
}

const CASES: [Case; 3] = [
    Case {
        rows: 200,
        levels: 11,
        pull: 0.25,
        threshold: 0.4,
        figures: [
            0.769_494_949_494_949_5,
            0.776_663_131_957_512_4,
            0.64,
            0.612_903_225_806_451_6,
            0.593_75,
            0.633_333_333_333_333_3,
            0.550_763_753_412_745,
            0.196_171_875,
        ],
        decisions: [
            0.67,
            0.691_588_785_046_728_9,
            0.596_774_193_548_387_1,
            0.822_222_222_222_222_2,
        ],
        best_threshold: 0.25,
    },
    Case {
        rows: 1_000,
        levels: 997,
        pull: 0.125,
        threshold: 0.55,
        figures: [
            0.640_969_696_969_697,
            0.633_032_156_820_756_4,
            0.575,
            0.549_310_710_498_409_3,
            0.525_354_969_574_036_5,
            0.575_555_555_555_555_6,
            0.695_433_332_724_146,
            0.252_458_104_506_378_96,
        ],
        decisions: [
            0.58,
            0.525_959_367_945_823_9,
            0.534_403_669_724_770_6,
            0.517_777_777_777_777_8,
        ],
        best_threshold: 0.139_056_224_899_598_4,
    },
    // Only 0 and 1, so the log-loss is that of certainties.
    Case {
        rows: 64,
        levels: 2,
        pull: 0.0,
        threshold: 0.5,
        figures: [
            0.484_236_453_201_970_5,
            0.445_581_896_551_724_1,
            0.484_375,
            0.459_016_393_442_622_95,
            0.437_5,
            0.482_758_620_689_655_2,
            18.585_008_778_763_53,
            0.515_625,
        ],
        decisions: [
            0.484_375,
            0.459_016_393_442_622_95,
            0.437_5,
            0.482_758_620_689_655_2,
        ],
        best_threshold: 0.0,
    },
];

impl Case {
    fn vector(&self) -> (Vec<u8>, Vec<f64>) {
        let row = |i: u32| {
            let label = u8::from(i * 37 % 100 < 45);
            let noise = f64::from((i * 7919 + 13) % self.levels) / f64::from(self.levels - 1);
            (
                label,
                self.pull * f64::from(label) + (1.0 - self.pull) * noise,
            )
        };
        (0..self.rows).map(row).unzip()
    }
}

fn check(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-9,
            "{found} against {expected}"
        );
    }
}

#[test]
fn figures_agree_with_scikit_learn() {
    for case in CASES {
        let (labels, p) = case.vector();
        let s = evaluate(&labels, &p, Some(case.threshold)).unwrap();
        check(
            &[
                s.auc,
                s.pr_auc,
                s.accuracy,
                s.f1,
                s.precision,
                s.recall,
                s.logloss,
                s.brier,
            ],
            &case.figures,
        );
        let at = s.at_threshold.unwrap();
        check(
            &[at.accuracy, at.f1, at.precision, at.recall],
            &case.decisions,
        );
        check(
            &[at.threshold, best_f1_threshold(&labels, &p)],
            &[case.threshold, case.best_threshold],
        );
        assert!(s.auc_interval[0] < s.auc && s.auc < s.auc_interval[1]);
    }
}
