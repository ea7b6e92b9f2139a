//! The argument parsers of the programs, and the examples in their help texts.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

/// A program's name and its parser.
pub(crate) type Program = (&'static str, fn() -> Command);

/// The programs that documents may call.
pub(crate) const PROGRAMS: [Program; 10] = [
    ("cargo xtask", xtask::command),
    ("deploy-100k", deploy_100k::Args::command),
    ("extract-rows", extract_rows::Args::command),
    ("fire-container", fire_container::command),
    ("local-sagemaker", local_sagemaker::cli::Args::command),
    ("monitor-100k", monitor_100k::Args::command),
    ("pipeline-100k", pipeline_100k::Args::command),
    ("push-image", push_image::command),
    ("report-100k", report_100k::Args::command),
    ("train-100k", train_100k::Args::command),
];

/// The program that these words call, and its arguments.
pub(super) fn program<'a, 'w>(words: &'a [&'w str]) -> Option<(Program, &'a [&'w str])> {
    PROGRAMS.into_iter().find_map(|program| {
        let name: Vec<&str> = program.0.split(' ').collect();
        let arguments = words.strip_prefix(name.as_slice())?;
        Some((program, arguments))
    })
}

/// The result of parsing a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The command is complete.
    Accepted,
    /// What is there is valid, but a value, an argument or a subcommand is missing.
    Incomplete(String),
    Rejected(String),
}

/// Parses the arguments as `try_parse_from` does.
pub(super) fn read((name, parser): Program, arguments: &[&str]) -> Finding {
    let words = std::iter::once(name).chain(arguments.iter().copied());
    let Err(error) = parser().try_get_matches_from(words) else {
        return Finding::Accepted;
    };
    let said = error.to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Finding::Accepted,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues => Finding::Incomplete(said),
        // A flag at the end, without a value.
        ErrorKind::InvalidValue
            if matches!(
                error.get(ContextKind::InvalidValue),
                Some(ContextValue::String(value)) if value.is_empty()
            ) =>
        {
            Finding::Incomplete(said)
        }
        _ => Finding::Rejected(said),
    }
}

/// The commands in the help texts as (program, command): the lines below `Examples:` that are indented
/// by two spaces.
pub(super) fn examples() -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (name, parser) in PROGRAMS {
        let help = parser().render_long_help().to_string();
        let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
        let before = found.len();
        for line in lines.take_while(|line| line.starts_with("  ")) {
            let line = &line[2..];
            // Deeper indentation continues the line above.
            if !line.starts_with(' ') {
                let command = line.split("  ").next().unwrap_or(line);
                found.push((name, command.to_owned()));
            }
        }
        assert!(
            found.len() > before || name == "cargo xtask",
            "{name} --help has no examples: {help}"
        );
    }
    found
}

#[test]
fn incomplete_commands_are_told_from_wrong_ones() {
    for (line, expected) in [
        ("train-100k --samples 100", "accepted"),
        ("train-100k --samples 1", "rejected"),
        ("train-100k --alarm-hours", "incomplete"),
        ("train-100k --alarms 3", "rejected"),
        ("monitor-100k --metrics", "incomplete"),
        ("fire-container", "incomplete"),
        ("fire-container export", "incomplete"),
        ("fire-container bake", "rejected"),
        ("report-100k --compare a", "incomplete"),
        ("report-100k --help", "accepted"),
        ("cargo xtask test --only tests", "accepted"),
        ("cargo xtask test --only test", "rejected"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let (called, arguments) = program(&words).unwrap();
        let found = match read(called, arguments) {
            Finding::Accepted => "accepted",
            Finding::Incomplete(_) => "incomplete",
            Finding::Rejected(_) => "rejected",
        };
        assert_eq!(found, expected, "{line}");
    }
    assert!(program(&["cargo", "test"]).is_none());
}
