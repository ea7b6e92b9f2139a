//! The three media types, in `Content-Type` and in `Accept`.

use axum::http::StatusCode;

use super::refusal::Refusal;

/// A form that rows and answers can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
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
        let message = format!("content type `{name}` is not supported; send one of {KNOWN}");
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    })
}

/// The form of the answer: the first acceptable one, or the default; 406 when there is none.
///
/// Weights (`q=0.5`) are not compared: clients of an endpoint name the one that they want.
pub(super) fn accepted(header: Option<&str>, default: Media) -> Result<Media, Refusal> {
    // Clients without an opinion send nothing, or an empty header.
    let Some(header) = header.filter(|header| !header.trim().is_empty()) else {
        return Ok(default);
    };
    let choice = header
        .split(',')
        .find_map(|value| match essence(value).as_str() {
            "*/*" | "application/*" => Some(default),
            "text/*" => Some(Media::Csv),
            name => Media::from_name(name),
        });
    choice.ok_or_else(|| {
        let message = format!("nothing in `Accept: {header}` can be given; accept one of {KNOWN}");
        Refusal::new(StatusCode::NOT_ACCEPTABLE, message)
    })
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
        ] {
            assert_eq!(accepted(header, Media::Json), Ok(media), "{header:?}");
        }
        assert_eq!(
            accepted(Some("*/*"), Media::JsonLines),
            Ok(Media::JsonLines)
        );
        assert_eq!(
            accepted(Some("image/png"), Media::Json)
                .unwrap_err()
                .message(),
            "nothing in `Accept: image/png` can be given; accept one of text/csv, \
             application/json, application/jsonlines"
        );
    }
}
