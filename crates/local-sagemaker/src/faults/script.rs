//! The syntax of fault scripts.

use std::time::Duration;

use super::operations::is_operation;
use super::{CallFault, Effect};

/// The syntax, for `--help` and error messages.
pub(crate) const GRAMMAR: &str = "\
A fault is OPERATION:WHEN:EFFECT, or one of the serve and train faults below:
  OPERATION   an AWS operation that the server implements: DescribeTrainingJob, PutObject, InvokeEndpoint, ...
  WHEN        3 (the third call since startup), 2-4, 5+ (the fifth and all later calls), * (all calls)
  EFFECT      an error code (ThrottlingException, ResourceLimitExceeded, SlowDown, InternalFailure, ...),
              reset (the connection is reset without executing the call),
              reset-after (the call is executed, then the connection is reset),
              delay-500ms or delay-2s
  serve:crash-after:10              kill the container that answers invocation 10
  serve:crash-every:10              kill the container that answers every tenth invocation
  train:interrupt-after:5s          interrupt a spot job 5 s after its program started
  train:interrupt-after:checkpoint  interrupt a spot job once its first new checkpoint is stored
                                    (each interruption fault affects a job once)
  train:capacity-after:5s           make a spot job wait 5 s for an instance";

/// A parsed script.
#[derive(Debug)]
pub(super) enum Script {
    /// A fault that affects calls.
    Call(CallFault),
    /// A fault that affects programs.
    Program(Program),
}

/// A fault of the programs behind the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// Kills the container that answers this invocation.
    CrashAfter(u64),
    /// Kills the container that answers an invocation whose number is a multiple of this.
    CrashEvery(u64),
    /// Interrupts a spot job.
    Interrupt(Interruption),
    /// Makes a spot job wait for an instance.
    Capacity(Duration),
}

/// The time of a spot job's interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// This long after the job's program started.
    After(Duration),
    /// Once a new checkpoint is stored.
    Checkpoint,
}

/// Parses a script; the error explains why it is invalid.
pub(super) fn parse(script: &str) -> Result<Script, String> {
    let parts: Vec<_> = script.split(':').collect();
    let [subject, when, effect] = parts[..] else {
        return Err("expected three parts separated by colons".to_owned());
    };
    let program = match (subject, when) {
        ("serve", "crash-after") => Program::CrashAfter(positive(effect)?),
        ("serve", "crash-every") => Program::CrashEvery(positive(effect)?),
        ("train", "interrupt-after") if effect == "checkpoint" => {
            Program::Interrupt(Interruption::Checkpoint)
        }
        ("train", "interrupt-after") => Program::Interrupt(Interruption::After(duration(effect)?)),
        ("train", "capacity-after") => Program::Capacity(duration(effect)?),
        ("serve" | "train", other) => return Err(format!("{subject} has no fault '{other}'")),
        _ => return call(subject, when, effect).map(Script::Call),
    };
    Ok(Script::Program(program))
}

/// Parses a fault that affects calls.
fn call(operation: &str, when: &str, effect: &str) -> Result<CallFault, String> {
    if !is_operation(operation) {
        return Err(format!("there is no operation '{operation}'"));
    }
    let (first, last) = calls(when)?;
    Ok(CallFault {
        operation: operation.to_owned(),
        first,
        last,
        effect: parse_effect(effect)?,
    })
}

/// Parses the range of affected calls: the first and the last.
fn calls(when: &str) -> Result<(u64, u64), String> {
    let (first, last) = if when == "*" {
        (1, u64::MAX)
    } else if let Some(first) = when.strip_suffix('+') {
        (positive(first)?, u64::MAX)
    } else if let Some((first, last)) = when.split_once('-') {
        (positive(first)?, positive(last)?)
    } else {
        (positive(when)?, positive(when)?)
    };
    if first > last {
        return Err(format!("'{when}' ends before it begins"));
    }
    Ok((first, last))
}

/// Parses the effect on a call.
fn parse_effect(effect: &str) -> Result<Effect, String> {
    let is_code = effect.starts_with(|letter: char| letter.is_ascii_uppercase())
        && effect.chars().all(|letter| letter.is_ascii_alphanumeric());
    match effect {
        "reset" => Ok(Effect::Reset),
        "reset-after" => Ok(Effect::ResetAfter),
        code if is_code => Ok(Effect::Fail(code.to_owned())),
        other => match other.strip_prefix("delay-") {
            Some(time) => duration(time).map(Effect::Delay),
            None => Err(format!("'{other}' is not an effect")),
        },
    }
}

/// Parses a number greater than zero.
fn positive(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("'{text}' is not a positive number"))
}

/// Parses `500ms` or `2s`.
fn duration(text: &str) -> Result<Duration, String> {
    let millis = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(millis), _) => millis.parse().ok(),
        (None, Some(seconds)) => seconds.parse().ok().and_then(|s: u64| s.checked_mul(1000)),
        (None, None) => None,
    };
    let millis = millis.ok_or_else(|| format!("'{text}' is not a duration such as 500ms or 2s"))?;
    Ok(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_script_is_explained() {
        for (script, why) in [
            ("", "three parts"),
            ("PutObject:2", "three parts"),
            ("PutObjects:2:reset", "no operation 'PutObjects'"),
            ("PutObject:0:reset", "'0' is not a positive number"),
            ("PutObject:x:reset", "'x' is not a positive number"),
            ("PutObject:4-2:reset", "ends before it begins"),
            ("PutObject:2:boom", "'boom' is not an effect"),
            ("PutObject:2:delay-soon", "'soon' is not a duration"),
            ("serve:explode:1", "serve has no fault 'explode'"),
            ("serve:crash-after:0", "not a positive number"),
            ("train:interrupt-after:never", "not a duration such as"),
        ] {
            let found = parse(script).unwrap_err();
            assert!(found.contains(why), "{script}: {found}");
        }
    }

    #[test]
    fn every_example_in_the_grammar_is_valid() {
        let examples = GRAMMAR
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        let examples: Vec<_> = examples
            .filter(|word| word.matches(':').count() == 2)
            .collect();
        assert!(examples.len() >= 5, "{examples:?}");
        for example in examples {
            assert!(parse(example).is_ok(), "{example}");
        }
    }
}
