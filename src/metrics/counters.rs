//! Counters that have names: a struct, its sum and the names are written from one table, so that none of them can lack
//! a counter.

/// Writes a struct of counters and the enum that names them. A row is a field, a variant, the name that thresholds use,
/// and the counter of which this one is a share, where a percentage means something.
macro_rules! counters {
    (
        $(#[$on_struct:meta])* struct $Counts:ident;
        $(#[$on_enum:meta])* enum $Counter:ident;
        $($(#[doc = $doc:literal])+ $field:ident $variant:ident $name:literal $(of $whole:ident)?;)+
    ) => {
        $(#[$on_struct])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $Counts {
            $($(#[doc = $doc])+ pub $field: u64,)+
        }

        impl $Counts {
            /// Adds all of another's counts.
            pub fn merge(&mut self, other: &Self) {
                $(self.$field = self.$field.saturating_add(other.$field);)+
            }
        }

        $(#[$on_enum])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Counter {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $Counter {
            /// Every counter.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that thresholds use.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// This counter's value.
            pub fn of(self, counts: &$Counts) -> u64 {
                match self { $(Self::$variant => counts.$field,)+ }
            }

            /// The counter of which this one is a part, where a percentage means something.
            pub fn whole(self) -> Option<Self> {
                match self { $($(Self::$variant => Some(Self::$whole),)?)+ _ => None }
            }
        }
    };
}

pub(super) use counters;
