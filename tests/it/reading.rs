//! Links in the documents lead somewhere, and the guide's prices are right.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::tidy::root;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}: {}", path.display()))
}

/// The pages in the root and in `docs`.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for folder in [root(), root().join("docs")] {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        pages.extend(paths.filter(|path| path.extension().is_some_and(|kind| kind == "md")));
    }
    pages.sort();
    assert!(pages.len() >= 12, "the search found only {}", pages.len());
    pages
}

/// The lines of a page outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// A heading as links spell it: lower case, hyphens for spaces, no other punctuation.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    heading
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn every_link_leads_to_an_existing_page_or_heading() {
    let mut links = 0;
    for page in pages() {
        let text = read(&page);
        for link in prose(&text).flat_map(|line| line.split("](").skip(1)) {
            let link = link.split(')').next().unwrap();
            if link.starts_with("http") {
                continue;
            }
            links += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link}", page.display());
            if !heading.is_empty() {
                let there: BTreeSet<String> = prose(&read(&target))
                    .filter(|line| line.starts_with('#'))
                    .map(anchor)
                    .collect();
                assert!(
                    there.contains(heading),
                    "{}: {link}: {there:?}",
                    page.display()
                );
            }
        }
    }
    assert!(links >= 25, "the search found only {links} links");
}

#[test]
fn the_prices_in_the_guide_are_those_of_the_dated_table() {
    use sagemaker_ops::price::{AS_OF, Purpose, hourly_usd};
    let text = read(&root().join("docs/GUIDE.md"));
    assert!(text.contains(AS_OF));
    let mut prices = 0;
    for row in text.lines().filter(|line| line.starts_with("| `ml.")) {
        let family = row.split('`').nth(1).unwrap();
        let cell = row.split('|').nth(2).unwrap();
        for entry in cell.split('(').next().unwrap().split(',') {
            let (size, usd) = entry.trim().split_once(' ').unwrap();
            let kind = format!("{family}.{size}");
            let known =
                [Purpose::Training, Purpose::Hosting].map(|for_what| hourly_usd(for_what, &kind));
            let known = known.into_iter().flatten().next();
            assert_eq!(known, Some(usd.trim().parse().unwrap()), "{kind}");
            prices += 1;
        }
    }
    assert_eq!(prices, 17);
}
