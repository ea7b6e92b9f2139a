//! A chart, with a text description and a table of its numbers for accessibility.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use super::Table;
use crate::charts::{Paint, label};

/// A drawing with its caption, legend and table.
pub(crate) struct Figure<'a> {
    /// Unique on the page.
    pub(crate) id: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    /// How to read the drawing; part of the caption.
    pub(crate) reading: &'a str,
    /// The main numbers in words, for screen readers.
    pub(crate) description: String,
    /// SVG from [`Chart::draw`](crate::charts::Chart::draw).
    pub(crate) drawing: String,
    pub(crate) legend: Vec<Key>,
    pub(crate) table: Table,
}

/// An entry of the legend.
pub(crate) struct Key {
    pub(crate) paint: Paint,
    pub(crate) text: String,
    /// Whether it represents an area instead of a line.
    pub(crate) area: bool,
}

impl Key {
    /// The entry for a line.
    pub(crate) fn line(paint: Paint, text: impl Into<String>) -> Self {
        Self {
            paint,
            text: text.into(),
            area: false,
        }
    }

    /// The entry for an area.
    pub(crate) fn area(paint: Paint, text: impl Into<String>) -> Self {
        Self {
            area: true,
            ..Self::line(paint, text)
        }
    }

    fn markup(&self) -> Markup {
        let dashes = self
            .paint
            .dashes()
            .map(|[a, b, c, d]| format!("{a} {b} {c} {d}"));
        html! {
            li {
                svg viewBox="0 0 32 11" aria-hidden="true" {
                    @if self.area {
                        rect x="0" y="0" width="32" height="11" fill=(self.paint.css()) {}
                    } @else {
                        line x1="0" y1="6" x2="32" y2="6" stroke-width="2.5" stroke=(self.paint.css())
                            stroke-dasharray=[dashes] {}
                    }
                }
                (self.text)
            }
        }
    }
}

impl Figure<'_> {
    /// The figure as HTML.
    pub(crate) fn markup(&self) -> Markup {
        let escaped = |text: &str| html! { (text) }.into_string();
        let texts = [escaped(&self.name), escaped(&self.description)];
        let svg = label(&self.drawing, &self.id, [&texts[0], &texts[1]]);
        html! {
            figure id=(self.id) {
                figcaption { strong { (self.name) } span { (self.reading) } }
                @if !self.legend.is_empty() {
                    ul.legend { @for key in &self.legend { (key.markup()) } }
                }
                (PreEscaped(svg))
                details {
                    summary { "The numbers of “" (self.name) "”" }
                    (self.table.markup())
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_a_caption_a_description_and_a_table() {
        let figure = Figure {
            id: "roc".into(),
            name: "R < C".into(),
            reading: "how to read it",
            description: "AUC 0.9 \"&\"".to_owned(),
            drawing: "<svg viewBox=\"0 0 4 3\"><path/></svg>".to_owned(),
            legend: vec![
                Key::line(Paint::Series(1), "a"),
                Key::area(Paint::Step(0), "b"),
            ],
            table: Table::new("t", &["x"], vec![vec!["1".to_owned()]]),
        };
        let html = figure.markup().into_string();
        for expected in [
            "<figure id=\"roc\"><figcaption><strong>R &lt; C</strong>",
            "<title id=\"roc-name\">R &lt; C</title>",
            "<desc id=\"roc-description\">AUC 0.9 &quot;&amp;&quot;</desc>",
            "<svg viewBox=\"0 0 4 3\" role=\"img\"",
            "stroke-dasharray=\"8 4 8 4\"",
            "<rect",
            "<caption>t</caption>",
        ] {
            assert!(html.contains(expected), "{expected} is not in {html}");
        }
    }
}
