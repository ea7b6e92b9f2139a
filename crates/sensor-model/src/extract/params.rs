//! The parameters of the extractor.

use super::ExtractError;

/// Unchecked parameters of an extractor. The [defaults](Self::default) are those of the schema's formulas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExtractorParams {
    /// A pixel is hot if it is strictly above this, in Celsius, -40 to 400 (default 50).
    ///
    /// The formulas of `t_hot_area_pct` and `t_hot_largest_blob_pct` contain the default: rows with another value must not
    /// be used with a model that was trained with it.
    pub hot_above_c: f32,
    /// A pixel that deviates by more than this from its neighbours, in Celsius, may be defective, 0.5 to 100 (default 2).
    pub bad_pixel_c: f32,
    /// Minimum root mean square gradient around a pixel in every direction, in Celsius per pixel, for computing its
    /// motion, 0.01 to 10 (default 0.25).
    ///
    /// With the default, the camera's own noise (0.016 C between images at 9 Hz) causes less than 0.1 px/s.
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
    /// Checks the range of every parameter.
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

/// Parameters within their ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckedExtractorParams(ExtractorParams);

impl CheckedExtractorParams {
    /// The parameters.
    pub fn params(&self) -> &ExtractorParams {
        &self.0
    }
}

impl Default for CheckedExtractorParams {
    /// The defaults, which are valid.
    fn default() -> Self {
        Self(ExtractorParams::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(params: ExtractorParams) -> String {
        params.check().unwrap_err().to_string()
    }

    #[test]
    fn a_value_out_of_range_is_rejected_with_its_range() {
        let default = ExtractorParams::default();
        assert!(default.check().is_ok());
        assert_eq!(
            rejection(ExtractorParams {
                hot_above_c: f32::NAN,
                ..default
            }),
            "hot_above_c = NaN is out of range; give a number from -40 to 400"
        );
        assert_eq!(
            rejection(ExtractorParams {
                bad_pixel_c: 0.0,
                ..default
            }),
            "bad_pixel_c = 0 is out of range; give a number from 0.5 to 100"
        );
        assert_eq!(
            rejection(ExtractorParams {
                flow_gradient_c: 11.0,
                ..default
            }),
            "flow_gradient_c = 11 is out of range; give a number from 0.01 to 10"
        );
    }
}
