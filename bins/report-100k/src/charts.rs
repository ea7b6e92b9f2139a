//! Charts as SVG, drawn by plotters and coloured by the page.
//!
//! Charts know nothing about runs, only numbers. Their colours are CSS custom properties of the page, so one drawing
//! serves both the light and the dark theme.

mod axes;
mod bars;
mod paint;

use std::io;

use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;

pub(crate) use axes::{Axis, Chart, Mark};
pub(crate) use bars::{Bar, Bars};
pub(crate) use paint::Paint;

/// Units of a drawing per unit of the page; more than 1 because plotters rounds coordinates to whole units.
const FINE: u32 = 4;

/// Runs `draw` on an area of this size, in units of the page, and returns the SVG text; see [`label`].
fn draw_svg(
    width: u32,
    height: u32,
    draw: impl FnOnce(
        &DrawingArea<SVGBackend<'_>, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<io::Error>>,
) -> anyhow::Result<String> {
    let mut svg = String::new();
    let size = (FINE * width, FINE * height);
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    draw(&area).map_err(|error| anyhow!("cannot draw a chart: {error}"))?;
    drop(area);
    Ok(svg)
}

/// Adds the page's colours, a name and a description to a drawing, as required for a page.
///
/// `name` and `description` must be escaped already; `id` must be unique on the page.
pub(crate) fn label(drawing: &str, id: &str, [name, description]: [&str; 2]) -> String {
    // Drop the size and namespace that plotters writes; the page's style sets the size.
    let inner = drawing
        .split_once("<svg")
        .and_then(|(_, rest)| rest.split_once('>'));
    let (head, body) = inner.unwrap_or(("", ""));
    let view = head
        .split_once("viewBox=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("0 0 1 1", |(view, _)| view);
    let body = paint::apply_theme(body);
    format!(
        "<svg viewBox=\"{view}\" role=\"img\" aria-labelledby=\"{id}-name {id}-description\">\
         <title id=\"{id}-name\">{name}</title><desc id=\"{id}-description\">{description}</desc>{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_has_its_name_and_the_colours_of_the_page() {
        let axis = |label| Axis::share(label);
        let chart = Chart {
            x: axis("a < b"),
            y: axis("y"),
            marks: vec![
                Mark::Line(Paint::Series(1), vec![(0.0, 0.0), (1.0, 1.0)]),
                Mark::Band(Paint::Series(0), vec![(0.0, [0.1, 0.2]), (1.0, [0.3, 0.4])]),
            ],
        };
        let svg = label(&chart.draw().unwrap(), "f", ["Name", "What it shows"]);
        for expected in [
            "role=\"img\" aria-labelledby=\"f-name f-description\"",
            "<title id=\"f-name\">Name</title>",
            "stroke=\"var(--series-1)\" stroke-dasharray=\"32 16\"",
            "fill=\"var(--series-0)\"",
            "fill=\"currentColor\"",
            "a &lt; b",
            "</svg>",
        ] {
            assert!(svg.contains(expected), "{expected} is not in {svg}");
        }
        assert!(!svg.contains("http"), "{svg}");
        assert!(!svg.contains("=\"#"), "a fixed colour in {svg}");
    }
}
