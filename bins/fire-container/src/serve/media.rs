//! The three media types, as they appear in `Content-Type` and `Accept`.

use hyper::StatusCode;

use super::rejection::Rejection;
use super::request::shorten;

/// A format of requests and responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Csv,
    Json,
    JsonLines,
}

/// Listed in rejections.
const SUPPORTED: &str = "text/csv, application/json, application/jsonlines";

impl Media {
    /// The name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "text/csv" => Some(Self::Csv),
            "application/json" => Some(Self::Json),
            "application/jsonlines" | "application/x-ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// The media type without parameters (`; charset=utf-8`), in lower case.
fn essence(value: &str) -> String {
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// The format of a body; 415 if it is not supported.
pub(super) fn content(header: &str) -> Result<Media, Rejection> {
    let name = essence(header);
    Media::from_name(&name).ok_or_else(|| {
        let message = format!(
            "content type `{}` is not supported; send one of {SUPPORTED}",
            shorten(&name)
        );
        Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
    })
}

/// The format of the response: the supported type with the highest `q` (the first in a tie), or the default if there is
/// no `Accept`; 406 if no type is supported.
pub(super) fn accepted(header: Option<&str>, default: Media) -> Result<Media, Rejection> {
    // Clients with no preference send nothing, or an empty header.
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
            "no type in `Accept: {}` is supported; accept one of {SUPPORTED}",
            shorten(header)
        );
        Rejection::new(StatusCode::NOT_ACCEPTABLE, message)
    })
}

/// The `q` of one value of `Accept`; 1 if it is absent or invalid.
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
    fn content_types_are_recognised_with_and_without_parameters() {
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
    fn the_supported_type_with_the_highest_q_is_chosen() {
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
            "no type in `Accept: image/png` is supported; accept one of text/csv, \
             application/json, application/jsonlines"
        );
    }
}
