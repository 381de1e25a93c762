//! Newtype indices into the program's tables, so that a slot is never taken for a state.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id of the entry at an index of its table.
            pub fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("a plan is limited to far fewer entries"))
            }

            /// The id as a plain number.
            pub fn number(self) -> u32 {
                self.0
            }

            /// The index into the table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )*};
}

ids! {
    /// A place for one value of a user: a capture, a `set` name, a loop's index, or a built-in such as `user.id`.
    SlotId, "$";
    /// A state.
    StateId, "s";
    /// A reaction.
    ReactionId, "r";
    /// A data file.
    DataId, "f";
    /// A stream of broadcasts.
    StreamId, "d";
    /// A barrier.
    BarrierId, "b";
    /// A pool of connections.
    PoolId, "p";
    /// A timer: one histogram of the figures.
    TimerId, "t";
}

/// One of the connections of a scenario's users.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u8);

impl LinkId {
    /// The first, which most scenarios have only.
    pub const FIRST: Self = Self(0);
    /// How many connections a user may have.
    pub const COUNT_MAX: usize = 16;

    /// The connection at an index of the scenario's.
    pub fn new(index: usize) -> Self {
        Self(u8::try_from(index).expect("a scenario is limited to far fewer connections"))
    }

    /// The index into the scenario's connections.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// `c0`
impl std::fmt::Display for LinkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "c{}", self.0)
    }
}
