//! The table of timer names, made once from the compiled plan and shared by every recorder.

use std::collections::HashMap;

use super::steps::Steps;

/// A timer's place in the [`Layout`] that gave it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u32);

impl TimerId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The timers of a run (`connect.tcp`, `say.rtt`, `joined.wait`, ...), in the order in which they are reported.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    names: Vec<String>,
    ids: HashMap<String, TimerId>,
    steps: Steps,
}

impl Layout {
    /// The timers with these names; a name that comes again is the same timer.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let mut layout = Self::default();
        for name in names {
            layout.intern(&name.into());
        }
        layout
    }

    /// The same, and which timer each place of the program, in their order, records its successes in.
    #[must_use]
    pub fn with_steps(mut self, timers: impl IntoIterator<Item = Option<TimerId>>) -> Self {
        self.steps = Steps::new(&self, timers);
        self
    }

    pub(super) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// The timer of this name, added at the end if it is new.
    pub fn intern(&mut self, name: &str) -> TimerId {
        if let Some(&id) = self.ids.get(name) {
            return id;
        }
        let id = TimerId(u32::try_from(self.names.len()).expect("a plan has fewer than 2^32 steps"));
        self.names.push(name.to_owned());
        self.ids.insert(name.to_owned(), id);
        id
    }

    /// The timer of this name.
    pub fn id(&self, name: &str) -> Option<TimerId> {
        self.ids.get(name).copied()
    }

    /// The timer's name; an id of another layout is not an error but a bug, and panics.
    pub fn name(&self, id: TimerId) -> &str {
        &self.names[id.index()]
    }

    /// All names, in the order of their ids.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// How many timers there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no timer.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl Eq for Layout {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_timer_however_often_it_is_asked_for() {
        let mut layout = Layout::new(["connect.total", "say.rtt", "connect.total"]);
        assert_eq!(layout.names().collect::<Vec<_>>(), ["connect.total", "say.rtt"]);
        assert_eq!(layout.intern("say.rtt"), TimerId(1));
        assert_eq!(layout.intern("join.wait"), TimerId(2));
        assert_eq!(layout.id("join.wait"), Some(TimerId(2)));
        assert_eq!(layout.id("leave.wait"), None);
        assert_eq!(layout.name(TimerId(2)), "join.wait");
    }
}
