//! Points, lines and bands between two axes.

use std::ops::Range;

use plotters::prelude::*;

use super::{FINE, Paint, draw_svg};

/// Size in units of the page.
const WIDTH: u32 = 410;
const HEIGHT: u32 = 310;

/// A linear axis with its label and range.
pub(crate) struct Axis<'a> {
    pub(crate) label: &'a str,
    pub(crate) range: Range<f64>,
    /// Formats the numbers on the axis.
    pub(crate) format: &'a dyn Fn(&f64) -> String,
}

/// An element of a chart; elements are drawn in the order given.
pub(crate) enum Mark {
    Line(Paint, Vec<(f64, f64)>),
    /// The lower and upper end at each `x`.
    Band(Paint, Vec<(f64, [f64; 2])>),
    /// A vertical interval at one `x`.
    Interval(Paint, (f64, [f64; 2])),
    Dot(Paint, (f64, f64)),
    /// A thin reference line.
    Guide([(f64, f64); 2]),
}

/// A chart with two numeric axes.
pub(crate) struct Chart<'a> {
    pub(crate) x: Axis<'a>,
    pub(crate) y: Axis<'a>,
    pub(crate) marks: Vec<Mark>,
}

impl<'a> Axis<'a> {
    /// An axis from 0 to 1.
    pub(crate) fn share(label: &'a str) -> Self {
        Self {
            label,
            range: 0.0..1.0,
            format: &|share| format!("{share:.1}"),
        }
    }
}

impl Chart<'_> {
    /// The chart as SVG text; see [`label`](super::label).
    pub(crate) fn draw(&self) -> anyhow::Result<String> {
        draw_svg(WIDTH, HEIGHT, |area| self.draw_on(area))
    }

    fn draw_on<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, plotters::coord::Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let ink = Paint::Ink.placeholder();
        let mut chart = ChartBuilder::on(area)
            .margin(FINE * 6)
            .margin_right(FINE * 18)
            .x_label_area_size(FINE * 42)
            .y_label_area_size(FINE * 52)
            .build_cartesian_2d(self.x.range.clone(), self.y.range.clone())?;
        let text = ("sans-serif", FINE * 13).into_font().color(&ink);
        chart
            .configure_mesh()
            .x_desc(self.x.label)
            .y_desc(self.y.label)
            .axis_desc_style(text.clone())
            .label_style(text)
            .x_label_formatter(&self.x.format)
            .y_label_formatter(&self.y.format)
            .x_labels(6)
            .y_labels(6)
            .max_light_lines(0)
            .bold_line_style(Paint::Grid.placeholder().stroke_width(FINE))
            .axis_style(ink.stroke_width(FINE))
            .set_all_tick_mark_size(FINE * 4)
            .draw()?;
        for mark in &self.marks {
            match mark {
                Mark::Line(paint, points) => {
                    let style = paint.placeholder().stroke_width(FINE * 2);
                    chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
                }
                Mark::Band(paint, band) => {
                    let lower = band.iter().map(|(at, ends)| (*at, ends[0]));
                    let upper = band.iter().rev().map(|(at, ends)| (*at, ends[1]));
                    let outline: Vec<_> = lower.chain(upper).collect();
                    let style = paint.placeholder().mix(0.2).filled();
                    chart.draw_series([Polygon::new(outline, style)])?;
                }
                Mark::Interval(paint, (at, [low, high])) => {
                    let style = paint.placeholder().stroke_width(FINE);
                    chart.draw_series([PathElement::new([(*at, *low), (*at, *high)], style)])?;
                }
                Mark::Dot(paint, place) => {
                    let style = paint.placeholder().filled();
                    chart.draw_series([Circle::new(*place, FINE * 4, style)])?;
                }
                Mark::Guide(ends) => {
                    let style = ink.mix(0.6).stroke_width(FINE);
                    chart.draw_series([PathElement::new(*ends, style)])?;
                }
            }
        }
        area.present()
    }
}
