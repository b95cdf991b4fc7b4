//! Closed sets of names, as API Gateway spells them.

use std::fmt;

/// A word that is not in a closed set of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// The word.
    pub name: String,
    /// The names of the set, in AWS's spelling.
    pub expected: &'static [&'static str],
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is none of {}", self.name, self.expected.join(", "))
    }
}

impl std::error::Error for UnknownName {}

/// Declares an enum whose variants have one AWS name each, with `as_str`, `parse`, `NAMES`, `ALL`.
macro_rules! closed_names {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $text:literal ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $( $(#[$vmeta])* $variant ),+ }

        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];
            /// The name of every value, in declaration order.
            pub const NAMES: &'static [&'static str] = &[ $( $text ),+ ];

            /// The name that AWS gives it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }

            /// Reads AWS's name, exactly as written.
            ///
            /// # Errors
            /// [`crate::UnknownName`] with the names that exist.
            pub fn parse(name: &str) -> Result<Self, crate::UnknownName> {
                match name {
                    $( $text => Ok(Self::$variant), )+
                    _ => Err(crate::UnknownName { name: name.to_owned(), expected: Self::NAMES }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use closed_names;
