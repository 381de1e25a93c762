//! The chat server's side of one connection: its session, its rooms, and the answer to each message.
//!
//! `docs/servers.md` describes the protocol.

mod protocol;
mod room;

use std::sync::Arc;

use serde_json::value::RawValue;

use self::protocol::{ErrorCode, Reply, Request, string};
pub(crate) use self::room::Hub;
use self::room::Room;
use super::fault::mix;
use super::peer::Peer;

/// The longest session id and room name, in bytes.
const NAME_BYTES: usize = 128;

/// The most rooms that one connection is in.
const ROOMS: usize = 64;

/// The state of one connection.
pub(crate) struct Chat {
    hub: Arc<Hub>,
    peer: Arc<Peer>,
    seed: u64,
    session: Option<String>,
    /// The last one joined is last: it is where a `say` without a room goes.
    rooms: Vec<Arc<Room>>,
}

/// A refused request: code and explanation.
type Refusal = (ErrorCode, &'static str);

const BAD_ROOM: Refusal = (ErrorCode::BadRequest, "room must be a string of 1 to 128 bytes");
const BAD_SESSION: Refusal = (ErrorCode::BadRequest, "session_id must be a string of 1 to 128 bytes");

impl Chat {
    pub(crate) fn new(hub: Arc<Hub>, peer: Arc<Peer>, seed: u64) -> Self {
        hub.greet(&peer);
        Self { hub, peer, seed, session: None, rooms: Vec::new() }
    }

    /// Answers a text message.
    pub(crate) fn on_text(&mut self, text: &[u8]) {
        let Some(request) = Request::parse(text) else {
            return self.refuse(&Request::default(), (ErrorCode::BadRequest, "not a JSON object"));
        };
        if let Err(refusal) = self.dispatch(&request) {
            self.refuse(&request, refusal);
        }
    }

    /// Answers a binary message.
    pub(crate) fn on_binary(&mut self) {
        self.refuse(&Request::default(), (ErrorCode::BadRequest, "messages are JSON in text"));
    }

    fn dispatch(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let kind = request.kind.and_then(string);
        match kind.as_deref() {
            Some("say") => self.say(request),
            Some("keepalive") => self.keepalive(request),
            Some("request") => self.request(request),
            Some("ping") => {
                self.answer(Reply::new("pong"), request);
                Ok(())
            }
            Some("attach") => self.attach(request),
            Some("join") => self.join(request),
            Some("leave") => self.leave(request),
            Some(_) => Err((ErrorCode::UnknownType, "type is not one of this protocol")),
            None => Err((ErrorCode::BadRequest, "type must be a string")),
        }
    }

    fn attach(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        if let Some(given) = request.session_id.filter(|id| id.get() != "null") {
            self.session = Some(name(given).ok_or(BAD_SESSION)?);
        } else {
            self.session = Some(self.new_session());
        }
        self.answer(Reply::new("attached"), request);
        Ok(())
    }

    fn join(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let name = request.room.and_then(name).ok_or(BAD_ROOM)?;
        let place = self.place_of(&name);
        if place.is_none() && self.rooms.len() == ROOMS {
            return Err((ErrorCode::BadRequest, "a connection is in at most 64 rooms"));
        }
        self.ensure_session();
        let (room, member_count) = self.hub.join(&name, &self.peer);
        if let Some(place) = place {
            self.rooms.remove(place);
        }
        self.rooms.push(room);
        self.answer(
            Reply::new("joined").string("room", &name).number("members", member_count as u64),
            request,
        );
        Ok(())
    }

    fn leave(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let name = request.room.and_then(name).ok_or(BAD_ROOM)?;
        let place = self.place_of(&name).ok_or((ErrorCode::NotJoined, "not in this room"))?;
        let room = self.rooms.remove(place);
        let member_count = self.hub.leave(&room, self.peer.number);
        self.answer(Reply::new("left").string("room", &name).number("members", member_count as u64), request);
        Ok(())
    }

    fn say(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let text = request.text.ok_or((ErrorCode::BadRequest, "text is missing"))?;
        let room = match request.room {
            Some(room) => {
                let name = name(room).ok_or(BAD_ROOM)?;
                self.place_of(&name).map(|place| &self.rooms[place])
            }
            None => self.rooms.last(),
        };
        let room = room.ok_or((ErrorCode::NotJoined, "join the room first"))?;
        let from = self.session.as_deref().unwrap_or_default();
        room.broadcast(
            &self.hub,
            &self.peer,
            |seq| {
                let said =
                    Reply::new("said").raw("n", request.n).string("room", &room.name).number("seq", seq);
                self.answer(said, request);
            },
            |seq| {
                Reply::new("message")
                    .string("room", &room.name)
                    .string("from", from)
                    .raw("id", request.id)
                    .raw("text", Some(text))
                    .number("seq", seq)
                    .finish()
            },
        );
        Ok(())
    }

    fn request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let given = request.session_id.and_then(name).ok_or(BAD_SESSION)?;
        if self.session.as_ref() != Some(&given) {
            return Err((ErrorCode::SessionMismatch, "session_id is not that of this connection"));
        }
        self.answer(Reply::new("response").yes("ok"), request);
        Ok(())
    }

    fn keepalive(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let seq = request.seq.and_then(|seq| seq.get().parse().ok());
        if seq.is_some_and(|seq| self.peer.acknowledge_keepalive(seq)) {
            return Ok(());
        }
        Err((ErrorCode::BadRequest, "no keepalive of this seq is awaited"))
    }

    fn answer(&self, reply: Reply, request: &Request<'_>) {
        self.peer.reply(reply.answering(request, self.session.as_deref()));
    }

    fn refuse(&self, request: &Request<'_>, (code, explanation): Refusal) {
        self.answer(Reply::new("error").string("code", code.name()).string("message", explanation), request);
    }

    fn place_of(&self, name: &str) -> Option<usize> {
        self.rooms.iter().position(|room| *room.name == *name)
    }

    fn ensure_session(&mut self) {
        if self.session.is_none() {
            self.session = Some(self.new_session());
        }
    }

    /// Fixed by seed and connection number, and no two connections of a server have the same.
    fn new_session(&self) -> String {
        format!("{:016x}", mix(self.seed, self.peer.number))
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.hub.forget(self.peer.number);
        for room in self.rooms.drain(..) {
            self.hub.leave(&room, self.peer.number);
        }
    }
}

/// A session id or room name: a string that is not empty and not too long.
fn name(raw: &RawValue) -> Option<String> {
    string(raw).filter(|name| !name.is_empty() && name.len() <= NAME_BYTES).map(std::borrow::Cow::into_owned)
}
