//! A list that mostly has one element: that one lies beside what else is looked at for a message, and neither needs an
//! allocation nor a look at memory elsewhere.

use std::ops::{Index, IndexMut};

/// The first is there where any is.
#[derive(Debug)]
pub(super) struct Few<T> {
    first: Option<T>,
    others: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: None, others: Vec::new() }
    }
}

impl<T> Few<T> {
    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    pub(super) fn push(&mut self, element: T) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.others.push(element);
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.others.pop().or_else(|| self.first.take())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.others)
    }

    /// Takes one out; the last may come in its place.
    pub(super) fn swap_remove(&mut self, at: usize) {
        match at.checked_sub(1) {
            None => self.first = self.others.pop(),
            Some(at) => drop(self.others.swap_remove(at)),
        }
    }

    /// Keeps some, not in their order.
    pub(super) fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        self.others.retain(&mut is_kept);
        if self.first.as_ref().is_some_and(|first| !is_kept(first)) {
            self.first = self.others.pop();
        }
    }

    /// The room stays.
    pub(super) fn clear(&mut self) {
        self.first = None;
        self.others.clear();
    }

    /// For how many there is room.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        1 + self.others.capacity()
    }
}

impl<T> Index<usize> for Few<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        match (&self.first, at.checked_sub(1)) {
            (Some(first), None) => first,
            (_, behind) => &self.others[behind.unwrap_or(0)],
        }
    }
}

impl<T> IndexMut<usize> for Few<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        match (&mut self.first, at.checked_sub(1)) {
            (Some(first), None) => first,
            (_, behind) => &mut self.others[behind.unwrap_or(0)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push(u8),
        Pop,
        Remove(usize),
        Retain(u8),
        Clear,
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => any::<u8>().prop_map(Step::Push),
            2 => Just(Step::Pop),
            2 => any::<usize>().prop_map(Step::Remove),
            1 => (1..5_u8).prop_map(Step::Retain),
            1 => Just(Step::Clear),
        ]
    }

    proptest! {
        #[test]
        fn it_does_as_a_list_does(steps in prop::collection::vec(any_step(), 0..60)) {
            let (mut few, mut list) = (Few::default(), Vec::new());
            for step in steps {
                match step {
                    Step::Push(element) => {
                        few.push(element);
                        list.push(element);
                    }
                    Step::Pop => prop_assert_eq!(few.pop(), list.pop()),
                    Step::Remove(_) if list.is_empty() => {}
                    Step::Remove(at) => {
                        few.swap_remove(at % list.len());
                        list.swap_remove(at % list.len());
                    }
                    Step::Retain(divisor) => {
                        few.retain(|element| element % divisor == 0);
                        list.retain(|element| element % divisor == 0);
                        let mut kept: Vec<u8> = few.iter().copied().collect();
                        kept.sort_unstable();
                        list.sort_unstable();
                        prop_assert_eq!(&kept, &list);
                        list = few.iter().copied().collect();
                    }
                    Step::Clear => {
                        few.clear();
                        list.clear();
                    }
                }
                for at in 0..list.len() {
                    few[at] = few[at].wrapping_mul(3);
                    list[at] = list[at].wrapping_mul(3);
                }
                prop_assert_eq!(few.iter().copied().collect::<Vec<_>>(), list.clone());
                prop_assert_eq!(few.len(), list.len());
            }
        }
    }
}
