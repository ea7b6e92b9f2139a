//! The three media types, in `Content-Type` and in `Accept`.

use hyper::StatusCode;

use super::refusal::Refusal;
use super::request::shorten;

/// A form that rows and answers can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Csv,
    Json,
    JsonLines,
}

/// Named in refusals.
const KNOWN: &str = "text/csv, application/json, application/jsonlines";

impl Media {
    /// As written in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
        }
    }

    /// The form of that name, if it is known.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "text/csv" => Some(Self::Csv),
            "application/json" => Some(Self::Json),
            "application/jsonlines" | "application/x-ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// The type without its parameters (`; charset=utf-8`), in lower case.
fn essence(value: &str) -> String {
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// The form of a body; 415 for one that is not known.
pub(super) fn content(header: &str) -> Result<Media, Refusal> {
    let name = essence(header);
    Media::from_name(&name).ok_or_else(|| {
        let message = format!(
            "content type `{}` is not supported; send one of {KNOWN}",
            shorten(&name)
        );
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    })
}

/// The form of the answer: the acceptable one that is wanted most, the first of several, or the default; 406 when
/// there is none.
pub(super) fn accepted(header: Option<&str>, default: Media) -> Result<Media, Refusal> {
    // Clients without an opinion send nothing, or an empty header.
    let Some(header) = header.filter(|header| !header.trim().is_empty()) else {
        return Ok(default);
    };
    let mut choice: Option<(Media, f32)> = None;
    for value in header.split(',') {
        let media = match essence(value).as_str() {
            "*/*" | "application/*" => Some(default),
            "text/*" => Some(Media::Csv),
            name => Media::from_name(name),
        };
        let (weight, least) = (weight(value), choice.map_or(0.0, |(_, weight)| weight));
        if let Some(media) = media.filter(|_| weight > least) {
            choice = Some((media, weight));
        }
    }
    choice.map(|(media, _)| media).ok_or_else(|| {
        let message = format!(
            "nothing in `Accept: {}` can be given; accept one of {KNOWN}",
            shorten(header)
        );
        Refusal::new(StatusCode::NOT_ACCEPTABLE, message)
    })
}

/// The `q` of a value of `Accept`; what cannot be read counts as 1.
fn weight(value: &str) -> f32 {
    let parameters = value.split(';').skip(1);
    let weights = parameters.filter_map(|parameter| {
        let (name, weight) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(weight)
    });
    let weight = weights.last().and_then(|weight| weight.trim().parse().ok());
    weight.unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_known_with_and_without_parameters() {
        for (header, media) in [
            ("text/csv", Media::Csv),
            ("Text/CSV; charset=utf-8", Media::Csv),
            ("application/json", Media::Json),
            ("application/jsonlines", Media::JsonLines),
        ] {
            assert_eq!(content(header), Ok(media), "{header}");
        }
        assert_eq!(
            content("text/html").unwrap_err().message(),
            "content type `text/html` is not supported; send one of text/csv, application/json, \
             application/jsonlines"
        );
    }

    #[test]
    fn the_first_acceptable_form_is_given() {
        for (header, media) in [
            (None, Media::Json),
            (Some(""), Media::Json),
            (Some("*/*"), Media::Json),
            (Some("text/csv"), Media::Csv),
            (Some("text/html, text/csv;q=0.9"), Media::Csv),
            (Some("application/jsonlines"), Media::JsonLines),
            (Some("application/json;q=0.5, text/csv"), Media::Csv),
            (
                Some("text/csv; q=0.1, application/jsonlines;q=0.2"),
                Media::JsonLines,
            ),
            (Some("text/csv;q=0, */*;q=0.1"), Media::Json),
            (Some("text/csv;q=high"), Media::Csv),
        ] {
            assert_eq!(accepted(header, Media::Json), Ok(media), "{header:?}");
        }
        assert_eq!(
            accepted(Some("*/*"), Media::JsonLines),
            Ok(Media::JsonLines)
        );
        assert!(accepted(Some("text/csv;q=0"), Media::Json).is_err());
        assert_eq!(
            accepted(Some("image/png"), Media::Json)
                .unwrap_err()
                .message(),
            "nothing in `Accept: image/png` can be given; accept one of text/csv, \
             application/json, application/jsonlines"
        );
    }
}
