//! Colours by meaning; the style sheet defines their appearance.

use plotters::style::RGBColor;

/// How a mark is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// The colour of text.
    Ink,
    /// The colour of faint lines in the background.
    Grid,
    /// One of several models or metrics, told apart by colour and dashes.
    Series(u8),
    /// One of a few ordered shares, from the strongest to the faintest.
    Step(u8),
}

/// Number of series with distinct colours; see `style.css`.
pub(crate) const SERIES: u8 = 6;
/// Number of steps with distinct colours.
pub(crate) const STEPS: u8 = 3;

impl Paint {
    /// A unique colour for plotters, which [`apply_theme`] replaces with the page's.
    // plotters knows only fixed colours, not CSS properties.
    pub(super) fn placeholder(self) -> RGBColor {
        match self {
            Self::Ink => RGBColor(1, 2, 3),
            Self::Grid => RGBColor(1, 2, 4),
            Self::Series(number) => RGBColor(2, 2, number % SERIES),
            Self::Step(number) => RGBColor(3, 2, number % STEPS),
        }
    }

    /// The colour as a CSS value.
    pub(crate) fn css(self) -> String {
        match self {
            Self::Ink => "currentColor".to_owned(),
            Self::Grid => "var(--grid)".to_owned(),
            Self::Series(number) => format!("var(--series-{})", number % SERIES),
            Self::Step(number) => format!("var(--step-{})", number % STEPS),
        }
    }

    /// Lengths of dashes and gaps, which distinguish lines without colour; `None` for a solid line.
    pub(crate) fn dashes(self) -> Option<[u32; 4]> {
        match self {
            Self::Series(1) => Some([8, 4, 8, 4]),
            Self::Series(2) => Some([2, 3, 2, 3]),
            Self::Series(3) => Some([9, 3, 2, 3]),
            Self::Series(4) => Some([14, 4, 14, 4]),
            Self::Series(5) => Some([5, 2, 1, 2]),
            _ => None,
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        let series = (0..SERIES).map(Self::Series);
        let steps = (0..STEPS).map(Self::Step);
        [Self::Ink, Self::Grid]
            .into_iter()
            .chain(series)
            .chain(steps)
    }
}

/// Replaces each placeholder with the page's colour and adds the dashes of lines.
pub(super) fn apply_theme(svg: &str) -> String {
    let mut svg = svg.to_owned();
    for paint in Paint::all() {
        let RGBColor(red, green, blue) = paint.placeholder();
        let placeholder = format!("\"#{red:02X}{green:02X}{blue:02X}\"");
        let css = paint.css();
        let dashes = paint.dashes().map_or_else(String::new, |dashes| {
            let lengths = dashes.map(|length| (length * super::FINE).to_string());
            let lengths = if dashes[0] == dashes[2] {
                lengths[..2].join(" ")
            } else {
                lengths.join(" ")
            };
            format!(" stroke-dasharray=\"{lengths}\"")
        });
        svg = svg
            .replace(
                &format!("stroke={placeholder}"),
                &format!("stroke=\"{css}\"{dashes}"),
            )
            .replace(&format!("fill={placeholder}"), &format!("fill=\"{css}\""));
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_paint_has_a_distinct_placeholder() {
        let mut colours: Vec<_> = Paint::all().map(Paint::placeholder).collect();
        let count = colours.len();
        colours.sort_unstable_by_key(|colour| (colour.0, colour.1, colour.2));
        colours.dedup();
        assert_eq!(colours.len(), count);
    }
}
