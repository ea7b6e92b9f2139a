//! Enums whose values have names in settings and reports.

/// Implements `name`, `Display` and `FromStr` from the names of an enum's values; `$what` is the kind of name in errors.
macro_rules! names {
    ($type:ident, $what:literal { $($variant:ident = $name:literal),+ }) => {
        impl $type {
            /// The name in settings and reports.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::Error;

            fn from_str(text: &str) -> Result<Self, $crate::Error> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::Error::Name {
                        what: $what,
                        value: text.to_owned(),
                        known: [$($name),+].join(", "),
                    }),
                }
            }
        }
    };
}
pub(crate) use names;
