//! Rooms: who is in them, and a broadcast to all of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::serve::frame::Encoded;
use crate::serve::peer::Peer;

/// Every room that has a member. Locked to join and to leave, never to speak.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    rooms: Mutex<HashMap<Arc<str>, Arc<Room>>>,
}

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: Arc<str>,
    floor: Mutex<Floor>,
}

#[derive(Debug, Default)]
struct Floor {
    members: BTreeMap<u64, Arc<Peer>>,
    last_seq: u64,
}

impl Hub {
    /// Adds `peer` to the room of this name, opening it where needed. Joining twice is joining once. With the
    /// number of members after.
    pub(crate) fn join(&self, name: &str, peer: &Arc<Peer>) -> (Arc<Room>, usize) {
        let mut rooms = lock(&self.rooms);
        let room = if let Some(room) = rooms.get(name) {
            Arc::clone(room)
        } else {
            let name: Arc<str> = name.into();
            let room = Arc::new(Room { name: Arc::clone(&name), floor: Mutex::default() });
            rooms.insert(name, Arc::clone(&room));
            room
        };
        let mut floor = lock(&room.floor);
        floor.members.insert(peer.number, Arc::clone(peer));
        let member_count = floor.members.len();
        drop(floor);
        (room, member_count)
    }

    /// Takes the connection of this number out of `room`, closing the room behind the last one. With the
    /// number of members left.
    pub(crate) fn leave(&self, room: &Room, number: u64) -> usize {
        let mut rooms = lock(&self.rooms);
        let mut floor = lock(&room.floor);
        floor.members.remove(&number);
        if floor.members.is_empty() {
            rooms.remove(&room.name);
        }
        floor.members.len()
    }
}

impl Room {
    /// Sends what `encode` makes of the room's next sequence number to every member, the sender among them, all
    /// in the same order. `before` runs with that number first, so that the sender's reply goes ahead of its copy.
    pub(crate) fn broadcast(
        &self,
        sender: &Peer,
        before: impl FnOnce(u64),
        encode: impl FnOnce(u64) -> Encoded,
    ) {
        let mut floor = lock(&self.floor);
        floor.last_seq += 1;
        before(floor.last_seq);
        let frame = encode(floor.last_seq);
        for (&number, member) in &floor.members {
            if number == sender.number {
                member.reply(frame.clone());
            } else {
                member.deliver(&frame);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
