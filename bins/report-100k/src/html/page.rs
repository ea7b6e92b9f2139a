//! The common frame of all pages: head, theme and navigation.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("theme.js");
/// Forbids the page to fetch anything, even if external text got past the escaping.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Renders a page of sections, each with its id, heading and content.
pub(crate) fn shell(title: &str, subtitle: &Markup, sections: &[(&str, &str, Markup)]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the verdict" }
                header {
                    div.top {
                        h1 { (title) }
                        button #theme type="button" hidden { "Theme" }
                    }
                    p.muted { (subtitle) }
                    nav aria-label="Sections" {
                        ul { @for (id, heading, _) in sections { li { a href={ "#" (id) } { (heading) } } } }
                    }
                }
                main #main tabindex="-1" {
                    @for (id, heading, content) in sections {
                        section aria-labelledby=(id) {
                            h2 #(id) { (heading) }
                            (content)
                        }
                    }
                }
                footer {
                    p { "Made by report-100k " (env!("CARGO_PKG_VERSION")) ". This page loads no external resources." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}
