//! Combines several model files into one ensemble: `combine OUT SCHEMA WEIGHT=MODEL WEIGHT=MODEL …`
//!
//! `MODEL` is a `model.bin`, and `SCHEMA` its feature fingerprint, found in the `manifest.json` next to it. The
//! threshold is 1/2; choosing a better one requires the members' predictions on validation rows.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use ensemble::artifact::Artifact;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: combine OUT SCHEMA WEIGHT=MODEL...";
    let (out, schema) = (
        arguments.next().ok_or(usage)?,
        arguments.next().ok_or(usage)?,
    );
    let (mut parts, mut weights) = (Vec::new(), Vec::new());
    for argument in arguments {
        let (weight, model) = argument.split_once('=').ok_or(usage)?;
        weights.push(weight.parse()?);
        parts.push(Artifact::from_bytes(&std::fs::read(model)?, &schema)?);
    }
    let combined = Artifact::combine(parts, &weights)?;
    std::fs::write(Path::new(&out), combined.to_bytes())?;
    writeln!(
        std::io::stdout(),
        "{out}: {} members",
        combined.members.len()
    )?;
    Ok(())
}
