//! So many users, and when all of them have left, the next ones.

use tokio::sync::watch;

use super::{Order, Schedule};
use crate::engine::relay::Runner;
use crate::load::Cycles;

impl Schedule {
    /// Runs one cycle after the other, until the last is done or an order comes.
    pub(super) async fn follow_cycles(
        &mut self,
        cycles: &Cycles,
        mut runner: Runner,
        orders: &mut watch::Receiver<Order>,
    ) {
        while let Some(user_count) = cycles.users_in(runner.cycle()) {
            if *orders.borrow_and_update() != Order::Run {
                return;
            }
            self.adjust(user_count);
            while !self.tasks.is_empty() {
                tokio::select! {
                    _ = orders.changed() => return,
                    _ = self.tasks.join_next() => {}
                }
            }
            self.forget_users();
            runner.hand_on();
            tokio::select! {
                () = runner.next() => {}
                _ = orders.changed() => return,
            }
        }
    }

    /// All have left by themselves: those who come have the same numbers, and are others.
    fn forget_users(&mut self) {
        for (own, driver) in self.users.drain(..).enumerate() {
            self.generations[own].1 = driver.borrow().rounds_taken();
        }
    }
}
