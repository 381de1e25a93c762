//! What a user knows of each of its connections. Most users have one, which costs nothing more for those who have many.

use super::inbox::Inbox;
use crate::program::{LinkId, StreamId};

/// A connection.
// Each of the flags is a fact of its own; none of them excludes another.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) is_open: bool,
    /// Whether it is one of a pool, and somebody else's later.
    pub(super) is_borrowed: bool,
    /// Whether a step on it has failed since it was opened: what was awaited may still come.
    pub(super) is_spent: bool,
    /// Whether the user entered an audience on it since it last had left all.
    pub(super) is_in_audience: bool,
    /// What came over it and nobody took.
    pub(super) inbox: Inbox,
}

/// A user's connections.
#[derive(Debug)]
pub(super) struct Links {
    first: Link,
    further: Option<Box<Further>>,
}

/// What a user has that may have several.
#[derive(Debug)]
struct Further {
    links: Box<[Link]>,
    /// The audiences that it is in, and where it entered them: which are left with a connection has to be told.
    entered: Vec<Entered>,
}

/// An audience that was entered on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entered {
    link: LinkId,
    stream: StreamId,
    group: u64,
}

/// Which audiences a user is in no more.
pub(super) enum Left {
    /// None that anybody was told of.
    None,
    /// All.
    All,
    /// These.
    Some(Vec<(StreamId, u64)>),
}

impl Links {
    pub(super) fn new(count: usize) -> Self {
        let further = (count > 1).then(|| {
            let links = (1..count).map(|_| Link::default()).collect();
            Box::new(Further { links, entered: Vec::new() })
        });
        Self { first: Link::default(), further }
    }

    /// Whether there may be more than one.
    pub(super) fn are_several(&self) -> bool {
        self.further.is_some()
    }

    pub(super) fn at(&self, link: LinkId) -> &Link {
        match &self.further {
            Some(further) if link != LinkId::FIRST => &further.links[link.index() - 1],
            _ => &self.first,
        }
    }

    pub(super) fn at_mut(&mut self, link: LinkId) -> &mut Link {
        match &mut self.further {
            Some(further) if link != LinkId::FIRST => &mut further.links[link.index() - 1],
            _ => &mut self.first,
        }
    }

    /// All of them, whether they are open or not.
    pub(super) fn all(&self) -> impl Iterator<Item = LinkId> + use<> {
        (0..=self.further.as_ref().map_or(0, |further| further.links.len())).map(LinkId::new)
    }

    pub(super) fn is_open(&self, link: LinkId) -> bool {
        self.at(link).is_open
    }

    pub(super) fn is_any_open(&self) -> bool {
        self.first.is_open
            || self.further.as_ref().is_some_and(|further| further.links.iter().any(|link| link.is_open))
    }

    /// The user entered an audience on a connection.
    pub(super) fn enter(&mut self, link: LinkId, stream: StreamId, group: u64) {
        self.at_mut(link).is_in_audience = true;
        let entered = Entered { link, stream, group };
        if let Some(further) = &mut self.further
            && !further.entered.contains(&entered)
        {
            further.entered.push(entered);
        }
    }

    /// The user left an audience, wherever it had entered it.
    pub(super) fn leave(&mut self, stream: StreamId, group: u64) {
        if let Some(further) = &mut self.further {
            further.entered.retain(|entered| (entered.stream, entered.group) != (stream, group));
        }
    }

    /// The user takes no more messages of a connection: it is in none of the audiences any more that it entered only there.
    pub(super) fn leave_all(&mut self, link: LinkId) -> Left {
        if !std::mem::take(&mut self.at_mut(link).is_in_audience) {
            return Left::None;
        }
        let Some(further) = &mut self.further else { return Left::All };
        let (gone, stays): (Vec<_>, Vec<_>) =
            further.entered.iter().copied().partition(|entered| entered.link == link);
        further.entered = stays;
        if further.entered.is_empty() {
            return Left::All;
        }
        let is_elsewhere = |gone: &Entered| {
            further.entered.iter().any(|stays| (stays.stream, stays.group) == (gone.stream, gone.group))
        };
        let left = gone.iter().filter(|gone| !is_elsewhere(gone)).map(|gone| (gone.stream, gone.group));
        Left::Some(left.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_left_with_the_last_connection_on_which_it_was_entered() {
        let (control, feed) = (LinkId::FIRST, LinkId::new(1));
        let (lobby, attic) = ((StreamId::new(0), 1), (StreamId::new(0), 2));
        let mut links = Links::new(2);
        links.enter(control, lobby.0, lobby.1);
        links.enter(feed, lobby.0, lobby.1);
        links.enter(feed, attic.0, attic.1);
        links.enter(feed, attic.0, attic.1);
        assert!(matches!(links.leave_all(feed), Left::Some(left) if left == [attic]));
        assert!(matches!(links.leave_all(feed), Left::None), "it was told");
        assert!(matches!(links.leave_all(control), Left::All));
    }

    #[test]
    fn what_was_left_by_name_is_not_left_again() {
        let (control, feed) = (LinkId::FIRST, LinkId::new(1));
        let mut links = Links::new(2);
        links.enter(control, StreamId::new(0), 1);
        links.enter(feed, StreamId::new(1), 1);
        links.leave(StreamId::new(0), 1);
        assert!(matches!(links.leave_all(control), Left::Some(left) if left.is_empty()));
    }
}
