//! The programs' own argument parsers, and the examples in their help texts.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

/// What a program is called, and its parser.
pub(crate) type Program = (&'static str, fn() -> Command);

/// Everything that the documents may call.
pub(crate) const PROGRAMS: [Program; 9] = [
    ("cargo xtask", xtask::command),
    ("deploy-100k", deploy_100k::Args::command),
    ("extract-rows", extract_rows::Args::command),
    ("fire-container", fire_container::command),
    ("local-sagemaker", local_sagemaker::cli::Args::command),
    ("monitor-100k", monitor_100k::Args::command),
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

/// How a parser finds a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is whole.
    Accepted,
    /// What is there is right, but something is missing: a value, an argument, a subcommand.
    Begun(String),
    Refused(String),
}

/// Lets the program's parser read the arguments, as `try_parse_from` does.
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
        | ErrorKind::WrongNumberOfValues => Finding::Begun(said),
        // A flag at the end, without its value.
        ErrorKind::InvalidValue
            if matches!(
                error.get(ContextKind::InvalidValue),
                Some(ContextValue::String(value)) if value.is_empty()
            ) =>
        {
            Finding::Begun(said)
        }
        _ => Finding::Refused(said),
    }
}

/// The commands of the help texts as (program, command): in the lines below `Examples:`, two blanks from the margin.
pub(super) fn examples() -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (name, parser) in PROGRAMS {
        let help = parser().render_long_help().to_string();
        let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
        let before = found.len();
        for line in lines.take_while(|line| line.starts_with("  ")) {
            let line = &line[2..];
            // What lies further to the right goes on with the explanation above.
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
fn what_is_missing_differs_from_what_is_wrong() {
    for (line, expected) in [
        ("train-100k --samples 100", "accepted"),
        ("train-100k --samples 1", "refused"),
        ("train-100k --alarm-hours", "begun"),
        ("train-100k --alarms 3", "refused"),
        ("monitor-100k --metrics", "begun"),
        ("fire-container", "begun"),
        ("fire-container export", "begun"),
        ("fire-container bake", "refused"),
        ("report-100k --compare a", "begun"),
        ("report-100k --help", "accepted"),
        ("cargo xtask test --only tests", "accepted"),
        ("cargo xtask test --only test", "refused"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let (called, arguments) = program(&words).unwrap();
        let found = match read(called, arguments) {
            Finding::Accepted => "accepted",
            Finding::Begun(_) => "begun",
            Finding::Refused(_) => "refused",
        };
        assert_eq!(found, expected, "{line}");
    }
    assert!(program(&["cargo", "test"]).is_none());
}
