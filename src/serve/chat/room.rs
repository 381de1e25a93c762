//! Rooms: who is in them, and a broadcast to all of them.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::serve::fault::{CopyFate, CopyFaults, Faults};
use crate::serve::frame::{Broadcast, Encoded};
use crate::serve::outbox::Copy;
use crate::serve::peer::Peer;

/// Every room that has a member. Locked to join and to leave, never to speak.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    faults: Faults,
    rooms: Mutex<HashMap<Arc<str>, Arc<Room>>>,
    /// Everybody, where copies go astray.
    strangers: Mutex<BTreeMap<u64, Arc<Peer>>>,
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
    faults: Option<Box<CopyFaults>>,
}

impl Hub {
    pub(crate) fn new(faults: &Faults) -> Self {
        Self { faults: faults.clone(), ..Self::default() }
    }

    /// A connection that copies may be leaked to.
    pub(crate) fn greet(&self, peer: &Arc<Peer>) {
        if self.faults.leak > 0.0 {
            lock(&self.strangers).insert(peer.number, Arc::clone(peer));
        }
    }

    pub(crate) fn forget(&self, number: u64) {
        if self.faults.leak > 0.0 {
            lock(&self.strangers).remove(&number);
        }
    }

    /// Sends a copy to a connection that is not in the room, where there is one.
    fn leak(&self, floor: &Floor, choice: u64, frames: &mut Broadcast) {
        let strangers = lock(&self.strangers);
        let outside: Vec<_> =
            strangers.iter().filter(|(number, _)| !floor.members.contains_key(number)).collect();
        if let Some(place) = choice.checked_rem(outside.len() as u64) {
            let stranger = outside[usize::try_from(place).unwrap_or(0)].1;
            stranger.leak(frames.for_peer(stranger.deflate));
        }
    }

    /// Adds `peer` to the room of this name, opening it where needed. Joining twice is joining once. With the
    /// number of members after.
    pub(crate) fn join(&self, name: &str, peer: &Arc<Peer>) -> (Arc<Room>, usize) {
        let mut rooms = lock(&self.rooms);
        let room = if let Some(room) = rooms.get(name) {
            Arc::clone(room)
        } else {
            let name: Arc<str> = name.into();
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            let faults = CopyFaults::new(&self.faults, hasher.finish());
            let floor = Mutex::new(Floor { faults, ..Floor::default() });
            let room = Arc::new(Room { name: Arc::clone(&name), floor });
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
        hub: &Hub,
        sender: &Peer,
        before: impl FnOnce(u64),
        encode: impl FnOnce(u64) -> Encoded,
    ) {
        let mut floor = lock(&self.floor);
        floor.last_seq += 1;
        before(floor.last_seq);
        let mut frames = Broadcast::new(encode(floor.last_seq));
        let mut faults = floor.faults.take();
        for (&number, member) in &floor.members {
            let fate = faults.as_mut().map_or(CopyFate::Sent, |faults| faults.fate());
            let frame = frames.for_peer(member.deflate);
            member.deliver(&Copy { frame, sender: sender.number, is_own: number == sender.number, fate });
            if let Some(choice) = faults.as_mut().and_then(|faults| faults.leak()) {
                hub.leak(&floor, choice, &mut frames);
            }
        }
        floor.faults = faults;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
