//! What the training rows in the leaves of each tree weigh, behind all else in the file.

use super::Artifact;
use crate::error::Error;
use crate::stored::{Reader, Stored, refuse};

/// Appends the covers of all trees of all members.
pub(super) fn write(artifact: &Artifact, out: &mut Vec<u8>) {
    for member in &artifact.members {
        for tree in member.model.fitted().form().trees() {
            tree.covers.write(out);
        }
    }
}

/// Reads them into the trees, which may be without.
pub(super) fn read(artifact: &mut Artifact, reader: &mut Reader) -> Result<(), Error> {
    for member in &mut artifact.members {
        for tree in member.model.fitted_mut().trees_mut() {
            let covers: Vec<u32> = reader.read()?;
            if !covers.is_empty() && covers.len() != tree.leaves() {
                return Err(refuse("the covers of a tree are not one a leaf"));
            }
            tree.covers = covers;
        }
    }
    Ok(())
}
