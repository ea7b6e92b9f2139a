//! That what the documents tell a reader to type can be typed, and that their links lead somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}: {}", path.display()))
}

/// The pages of the project, with their folder.
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

/// The lines of a page outside its examples.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// The lines of a page's shell examples, those that go on joined to one, without comments.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut shell = false;
    for line in text.replace("\\\n", " ").lines() {
        if line.starts_with("```") {
            shell = line == "```sh";
        } else if shell {
            let command = line.split(" #").next().unwrap_or_default();
            commands.push(command.trim().to_owned());
        }
    }
    commands
}

/// A heading as a link names it: lower case, spaces as hyphens, other marks left out.
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
fn every_link_leads_to_a_page_or_a_heading_that_exists() {
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

/// What a shell would put in the place of the guide's variables and placeholders.
fn filled(command: &str) -> String {
    [
        ("$ACCOUNT", "691595239825"),
        ("$REGION", "eu-central-1"),
        ("$BUCKET", "fire-detection-training-691595239825"),
        (
            "$MODELS",
            "s3://fire-detection-training-691595239825/flir_scd41_training/models",
        ),
    ]
    .iter()
    .fold(command.to_owned(), |command, (name, value)| {
        command.replace(name, value)
    })
}

#[test]
fn every_command_of_the_guide_is_one_that_its_program_takes() {
    let text = read(&root().join("docs/GUIDE.md"));
    let mut taken = BTreeSet::new();
    for command in commands(&text) {
        let command = filled(&command);
        let words: Vec<&str> = command.split_whitespace().collect();
        let problem = match words.first() {
            Some(&"train-100k") => train_100k::Args::try_parse_from(&words).err(),
            Some(&"monitor-100k") => monitor_100k::Args::try_parse_from(&words).err(),
            Some(&"deploy-100k") => deploy_100k::Args::try_parse_from(&words).err(),
            Some(&"report-100k") => report_100k::Args::try_parse_from(&words).err(),
            _ => continue,
        };
        assert!(problem.is_none(), "{command}: {problem:?}");
        taken.insert(words[0].to_owned());
    }
    assert_eq!(taken.len(), 4, "{taken:?}");
}

#[test]
fn the_guides_prices_are_those_of_the_dated_table() {
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
