//! `output.tar.gz`: a model's predictions, which a training job stores next to the model.

use std::collections::BTreeMap;

use alarm::{Recordings, Rows};
use ensemble::Predictions;

use crate::{Channel, Error, archive};

/// The predictions of a training job.
pub struct JobOutput {
    location: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl JobOutput {
    /// Its file name in S3, next to `model.tar.gz`.
    pub const FILE: &str = "output.tar.gz";

    /// Reads an `output.tar.gz`; `location` names it in errors.
    ///
    /// # Errors
    /// [`Error::Archive`] or [`Error::Foreign`] if it is not a valid archive.
    pub fn unpack(tar_gz: &[u8], location: String) -> Result<Self, Error> {
        let predictions = Channel::ALL.map(Channel::predictions_file);
        let files = archive::unpack(tar_gz, |name| predictions.iter().any(|file| file == name))?;
        Ok(Self { location, files })
    }

    /// The predictions on a channel; `None` if the job had no such channel.
    ///
    /// # Errors
    /// [`Error::Model`] with the line and column of an invalid cell.
    pub fn predictions(&self, channel: Channel) -> Result<Option<Predictions>, Error> {
        let file = channel.predictions_file();
        let Some(bytes) = self.files.get(&file) else {
            return Ok(None);
        };
        let location = format!("{}#{file}", self.location);
        Ok(Some(Predictions::read_csv(bytes.as_slice(), &location)?))
    }

    /// The predictions on a channel that every job has.
    ///
    /// # Errors
    /// [`Error::NoFile`] if this job lacks it, otherwise as for [`Self::predictions`].
    pub fn required(&self, channel: Channel) -> Result<Predictions, Error> {
        let missing = || Error::NoFile(format!("{}#{}", self.location, channel.predictions_file()));
        self.predictions(channel)?.ok_or_else(missing)
    }
}

/// Groups predictions into recordings for alarm rules; `None` if the rows have no times.
///
/// # Errors
/// Rows that do not form recordings, such as two events in one.
pub fn recordings(predictions: &Predictions) -> Result<Option<Recordings>, alarm::Error> {
    let recordings = predictions.timeline.as_ref().map(|timeline| {
        Recordings::new(&Rows {
            groups: &predictions.groups,
            times_s: &timeline.times_s,
            labels: &predictions.labels,
            probabilities: &predictions.probabilities,
            kinds: &timeline.kinds,
        })
    });
    recordings.transpose()
}
