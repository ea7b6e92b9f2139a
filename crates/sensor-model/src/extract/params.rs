//! The few numbers that a user of the extractor may choose.

use super::ExtractError;

/// Settings of an extractor. The [default](Self::default) is what the schema's formulas say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExtractorParams {
    /// A pixel is hot strictly above this, in Celsius, -40 to 400 (default 50).
    ///
    /// The formulas of `t_hot_area_pct` and `t_hot_largest_blob_pct` name the default: rows made with another value
    /// must not meet a model trained on it.
    pub hot_above_c: f32,
    /// Deviation from its neighbours, in Celsius, from which on a lone pixel is defective, 0.5 to 100 (default 2).
    pub bad_pixel_c: f32,
    /// Root mean square gradient, in Celsius per pixel, that the image must have in every direction around a pixel for
    /// its motion to be told, 0.01 to 10 (default 0.25).
    ///
    /// At the default, the camera's own noise (0.016 C between images at 9 Hz) looks like less than 0.1 px/s.
    pub flow_gradient_c: f32,
}

impl Default for ExtractorParams {
    fn default() -> Self {
        Self {
            hot_above_c: 50.0,
            bad_pixel_c: 2.0,
            flow_gradient_c: 0.25,
        }
    }
}

impl ExtractorParams {
    /// Checks every range; only what comes out makes an [`Extractor`](super::Extractor).
    pub fn check(self) -> Result<CheckedExtractorParams, ExtractError> {
        let ranges = [
            ("hot_above_c", self.hot_above_c, -40.0, 400.0),
            ("bad_pixel_c", self.bad_pixel_c, 0.5, 100.0),
            ("flow_gradient_c", self.flow_gradient_c, 0.01, 10.0),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(ExtractError::Parameter {
                    name,
                    value,
                    low,
                    high,
                });
            }
        }
        Ok(CheckedExtractorParams(self))
    }
}

/// Settings whose every value is in range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckedExtractorParams(ExtractorParams);

impl CheckedExtractorParams {
    /// What was checked.
    pub fn params(&self) -> &ExtractorParams {
        &self.0
    }
}

impl Default for CheckedExtractorParams {
    /// The defaults, which need no check.
    fn default() -> Self {
        Self(ExtractorParams::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(params: ExtractorParams) -> String {
        params.check().unwrap_err().to_string()
    }

    #[test]
    fn a_value_out_of_range_is_refused_with_its_range() {
        let default = ExtractorParams::default();
        assert!(default.check().is_ok());
        assert_eq!(
            refusal(ExtractorParams {
                hot_above_c: f32::NAN,
                ..default
            }),
            "hot_above_c = NaN is out of range; give a number from -40 to 400"
        );
        assert_eq!(
            refusal(ExtractorParams {
                bad_pixel_c: 0.0,
                ..default
            }),
            "bad_pixel_c = 0 is out of range; give a number from 0.5 to 100"
        );
        assert_eq!(
            refusal(ExtractorParams {
                flow_gradient_c: 11.0,
                ..default
            }),
            "flow_gradient_c = 11 is out of range; give a number from 0.01 to 10"
        );
    }
}
