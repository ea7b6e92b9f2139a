//! `--help` of every program and subcommand.

use super::check;
use super::shell::bare;
use crate::commands::PROGRAMS;

#[test]
fn every_help_text_matches_its_snapshot() {
    for (name, parser) in PROGRAMS {
        let program = name.trim_start_matches("cargo ");
        check(&format!("help/{program}"), &help(program, &[]));
        for subcommand in parser().get_subcommands() {
            let subcommand = subcommand.get_name();
            let place = format!("help/{program}-{subcommand}");
            check(&place, &help(program, &[subcommand]));
        }
    }
}

fn help(program: &str, subcommand: &[&str]) -> String {
    let output = bare(program)
        .args(subcommand)
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{program} {subcommand:?}");
    assert_eq!(output.stderr, b"");
    String::from_utf8(output.stdout).unwrap()
}
