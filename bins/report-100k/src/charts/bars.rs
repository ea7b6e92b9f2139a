//! Horizontal bars, one below the other, each with a name.

use plotters::prelude::*;

use super::axes::Axis;
use super::{FINE, Paint, draw_svg};

/// Width in units of the page, and what each bar adds to the height.
const WIDTH: u32 = 410;
const BAR_HEIGHT: u32 = 24;
/// Height of the axis below.
const FOOT: u32 = 44;
/// Approximate width of a letter.
const LETTER: u32 = 7;

/// One bar.
pub(crate) struct Bar {
    pub(crate) name: String,
    /// Bars from 0 to each of these, the longest first, because later bars cover earlier ones.
    pub(crate) lengths: Vec<(Paint, f64)>,
    /// An interval, drawn as a line over the bar.
    pub(crate) interval: Option<[f64; 2]>,
}

/// A chart of bars, from the top down.
pub(crate) struct Bars<'a> {
    pub(crate) x: Axis<'a>,
    pub(crate) bars: Vec<Bar>,
}

impl Bars<'_> {
    /// The chart as SVG text; see [`label`](super::label).
    pub(crate) fn draw(&self) -> anyhow::Result<String> {
        let height = FOOT + 8 + BAR_HEIGHT * self.bars.len().max(2) as u32;
        draw_svg(WIDTH, height, |area| self.draw_on(area))
    }

    fn draw_on<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, plotters::coord::Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let ink = Paint::Ink.placeholder();
        let longest = self.bars.iter().map(|bar| bar.name.chars().count()).max();
        let names = LETTER * longest.unwrap_or(0) as u32 + 14;
        // In plotters, an axis of one segment has length 0.
        let count = self.bars.len().max(2) as i32;
        let mut chart = ChartBuilder::on(area)
            .margin(FINE * 4)
            .margin_right(FINE * 22)
            .x_label_area_size(FINE * FOOT)
            .y_label_area_size(FINE * names)
            .build_cartesian_2d(self.x.range.clone(), (0..count - 1).into_segmented())?;
        let text = ("sans-serif", FINE * 13).into_font().color(&ink);
        // The axis runs upwards, while the first bar is at the top.
        let row = |number: usize| count - 1 - number as i32;
        let above = |row| match row + 1 {
            next if next == count => SegmentValue::Last,
            next => SegmentValue::Exact(next),
        };
        let name = |segment: &SegmentValue<i32>| match segment {
            SegmentValue::Exact(row) | SegmentValue::CenterOf(row) => {
                usize::try_from(count - 1 - row)
                    .ok()
                    .and_then(|number| self.bars.get(number))
                    .map_or_else(String::new, |bar| bar.name.clone())
            }
            SegmentValue::Last => String::new(),
        };
        chart
            .configure_mesh()
            .x_desc(self.x.label)
            .axis_desc_style(text.clone())
            .label_style(text)
            .x_label_formatter(&self.x.format)
            .y_label_formatter(&name)
            .x_labels(4)
            .y_labels(2 * self.bars.len())
            .disable_y_mesh()
            // Not `max_light_lines(0)`, which overflows on an axis of integers in plotters 0.3.7.
            .light_line_style(TRANSPARENT)
            .bold_line_style(Paint::Grid.placeholder().stroke_width(FINE))
            .axis_style(ink.stroke_width(FINE))
            .set_all_tick_mark_size(FINE * 4)
            .draw()?;
        for (number, bar) in self.bars.iter().enumerate() {
            let row = row(number);
            for &(paint, length) in &bar.lengths {
                let ends = [(0.0, SegmentValue::Exact(row)), (length, above(row))];
                let mut rectangle = Rectangle::new(ends, paint.placeholder().filled());
                rectangle.set_margin(FINE * 3, FINE * 3, 0, 0);
                chart.draw_series([rectangle])?;
            }
            if let Some([low, high]) = bar.interval {
                let centre = || SegmentValue::CenterOf(row);
                let style = ink.stroke_width(FINE * 2);
                chart
                    .draw_series([PathElement::new([(low, centre()), (high, centre())], style)])?;
            }
        }
        area.present()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_bars_is_drawn_with_all_names() {
        for count in [1, 2, 3, 18, 40] {
            let bar = |number: usize| Bar {
                name: format!("bar-{number}-"),
                lengths: vec![(Paint::Step(0), 0.5)],
                interval: Some([0.4, 0.6]),
            };
            let bars = Bars {
                x: Axis::share("length"),
                bars: (0..count).map(bar).collect(),
            };
            let svg = bars.draw().unwrap();
            assert_eq!(svg.matches("<rect").count(), count);
            for number in 0..count {
                let name = format!("bar-{number}-\n");
                assert_eq!(svg.matches(&name).count(), 1, "{number} of {count}");
            }
        }
    }
}
