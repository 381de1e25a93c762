//! The IR that `compile` makes and `machine` runs: flat tables of states, templates and matchers that refer to each
//! other by newtype ids, names resolved to slots, and the span of the plan that each state came from. It holds no
//! behaviour beyond printing itself; it knows neither how plans are written nor how users are run.

pub(crate) mod asked;
pub mod capture;
mod control;
pub mod data;
mod decimal;
mod deflate;
pub mod delivery;
pub mod emit;
mod escape;
mod gather;
pub mod helper;
mod hidden;
mod http;
mod id;
mod instruction;
pub mod json;
mod json_hash;
pub mod json_value;
pub mod matcher;
mod operand;
mod path;
mod path_set;
mod pool;
mod protocol;
mod proxy;
mod reconnect;
mod secret;
mod state;
mod target;
mod template;
mod timed;
mod tls;
mod url;
mod value;

pub use capture::{Capture, CaptureSource};
pub use control::{ExpectClose, Ping};
pub use data::{AtEnd, DataFile, DataUse, Pick};
pub use deflate::Deflate;
pub use delivery::{Audience, Publish, Stream};
pub use escape::Escape;
pub use gather::{Gather, Quota, Wanted};
pub use helper::Helper;
pub use hidden::Secrets;
pub use http::{
    AnswerCapture, AnswerSource, Content, Credentials, Http, HttpExpect, HttpTimers, Status, UpgradeExpect,
    Visitor, is_secret_header,
};
pub use id::{BarrierId, DataId, LinkId, PoolId, ReactionId, SlotId, StateId, StreamId, TimerId};
pub use instruction::{Instruction, Shown};
pub use json_value::{Json, JsonType};
pub use matcher::{Matcher, Pattern, VariableMatcher};
pub use operand::Operand;
pub use path::{Path, Query, Step};
pub use path_set::{PathNode, PathSet};
pub use pool::Pool;
pub use protocol::Protocol;
pub use proxy::{Proxy, ProxyError};
pub use reconnect::{AfterReconnect, Reconnect};
pub use secret::is_secret_name;
pub use state::{
    Answer, AtBarrier, Choose, Close, Connect, ConnectTimers, DueTimers, Expect, Items, Op, Over, Pace,
    REASON_MAX_BYTES, Reaction, Repeat, ReplyKey, Request, State, Stop, Think, Until, is_handshake_header,
};
pub use target::{Builtin, Target, TargetError, TargetOrder, Targets};
pub use template::{Body, BodyKind, Expr, Form, Interpreted, Secret, Segment, Template};
pub use tls::{Identity, PrivateKey, Tls};
pub use url::{Url, UrlError};
pub use value::{NotJson, Value};

use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Span;

/// A compiled plan.
#[derive(Debug, Clone)]
pub struct Program {
    /// What it is called in reports.
    pub name: String,
    /// Where to connect.
    pub target: Target,
    /// Whether something secret went into the target, so that it is not to be shown with the program.
    pub is_target_secret: bool,
    /// How TLS is spoken.
    pub tls: Tls,
    /// The HTTP proxy that every connection goes through.
    pub proxy: Option<Proxy>,
    /// What is done once before all users.
    pub setup: Option<Setup>,
    /// What is done once behind them: the place of its scenario.
    pub teardown: Option<usize>,
    /// The kinds of users, and behind them what is done once, which no user is given.
    pub scenarios: Vec<Scenario>,
    /// All states of all scenarios.
    pub states: Vec<State>,
    /// All reactions of all scenarios.
    pub reactions: Vec<Reaction>,
    /// For each state the simple paths that a message may be asked for in it.
    pub asked: Vec<Arc<PathSet>>,
    /// Files whose rows users take values from.
    pub data: Vec<DataFile>,
    /// The names of the slots, for people.
    pub slots: Vec<String>,
    /// The slot of each user's `{{canary}}`, where the plan uses it: then other users' are looked for in every message.
    pub canary: Option<SlotId>,
    /// Kinds of users by how active they are; every user has one where there are any.
    pub profiles: UserProfiles,
    /// The names of the timers, such as `say.rtt`.
    pub timers: Vec<String>,
    /// Streams of broadcasts.
    pub streams: Vec<Stream>,
    /// Where users wait for one another.
    pub barriers: Vec<Barrier>,
    /// Connections that users share.
    pub pools: Vec<Pool>,
    /// What a message means that nobody took.
    pub unmatched: Unmatched,
    /// What messages are made of.
    pub protocol: Protocol,
    /// Limits and habits.
    pub limits: Limits,
    /// What is not to be shown of messages.
    pub secrets: Secrets,
}

/// Where users wait for one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barrier {
    /// Its name.
    pub name: String,
    /// How many users go on together; one at least.
    pub user_count: u64,
}

/// What is done once before all users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The place of its scenario.
    pub scenario: usize,
    /// The slots that it gives a value, for all users to see.
    pub keeps: Vec<SlotId>,
}

/// One kind of user.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub entry: StateId,
    /// Its reactions, in order: a range of the program's.
    pub reactions: std::ops::Range<usize>,
    /// The states of each paced loop that sends, from its test to the last of a round: ranges of the program's.
    pub paced: Vec<std::ops::Range<usize>>,
    /// What keeps when its groups were entered.
    pub groups: Vec<SlotId>,
    /// Where the keys of its requests' replies stand, each path once.
    pub reply_paths: Vec<Path>,
    /// What its slots hold at first: constants, or secrets.
    pub initial: Vec<(SlotId, Expr)>,
    /// What its users take from data files for each iteration, each file once.
    pub data: Vec<DataUse>,
    /// What a user does when a step fails.
    pub on_failure: OnFailure,
    /// Its users' connections, by [`LinkId`].
    pub links: Vec<Link>,
    /// Where it stands in the plan.
    pub span: Span,
}

/// A connection of a scenario's users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The name of its `connect`; one may have none.
    pub name: Option<String>,
    /// Whether any state looks into its inbox; where none does, nothing is kept in it.
    pub has_expect: bool,
}

/// What a user does when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Ends the iteration as failed and starts the next one after a pause.
    Restart,
    /// Goes on with the next step.
    Continue,
    /// Leaves the run.
    Stop,
}

/// What a message means that nobody took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmatched {
    /// Nothing.
    Ignore,
    /// It is counted.
    Count,
    /// It is an error.
    Fail,
}

/// Limits and habits of all users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest message taken, in bytes, over all its fragments.
    pub max_message_bytes: usize,
    /// How many messages an inbox holds.
    pub inbox_message_count: usize,
    /// How many bytes an inbox holds.
    pub inbox_bytes: usize,
    /// How long users may take to finish their step when the run ends.
    pub drain: Duration,
    /// The pause before a user starts over after a failure.
    pub restart_delay: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: 16 << 20,
            inbox_message_count: 64,
            inbox_bytes: 1 << 20,
            drain: Duration::from_secs(5),
            restart_delay: Duration::from_secs(1),
        }
    }
}

/// Kinds of users.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserProfiles {
    /// In the order of the load's weights.
    pub each: Vec<UserProfile>,
    /// The slot of `{{user.profile}}`, where the plan uses it.
    pub slot: Option<SlotId>,
}

/// A kind of user.
#[derive(Debug, Clone, PartialEq)]
pub struct UserProfile {
    /// Its name.
    pub name: String,
    /// What think times are multiplied by.
    pub think: f64,
}

/// The slots that every program has, before those of the plan.
pub mod builtin_slots {
    /// Their names, in the order of their ids.
    pub const NAMES: [&str; 3] = ["user.id", "user.iteration", "correlation_id"];
    /// `user.id`: from 0.
    pub const USER_ID: usize = 0;
    /// `user.iteration`: from 0.
    pub const USER_ITERATION: usize = 1;
    /// `correlation_id`: fresh for each `send` and `request`.
    pub const CORRELATION_ID: usize = 2;
}

impl Program {
    /// Whether any connection may go through TLS.
    pub fn may_be_secure(&self) -> bool {
        let has_own =
            |state: &State| matches!(&state.op, Op::Connect(connect) if connect.timers.tls.is_some());
        let has_pool = |pool: &Pool| pool.connect.timers.tls.is_some();
        self.target.is_secure() || self.states.iter().any(has_own) || self.pools.iter().any(has_pool)
    }

    /// The state of an id.
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.index()]
    }

    /// Lets all users find values in slots from their start, as a setup has left them. They are not shown.
    pub fn share(&mut self, values: &[(SlotId, Value)]) {
        for scenario in &mut self.scenarios {
            let shared = values.iter().map(|(slot, value)| (*slot, Expr::Secret(Secret::new(value.clone()))));
            scenario.initial.extend(shared);
        }
        let is_secret =
            |slot: &SlotId| self.slots.get(slot.index()).is_some_and(|name| Secrets::is_name_of_one(name));
        let secrets = values.iter().filter(|(slot, _)| is_secret(slot)).map(|(_, value)| value.to_text());
        self.secrets.add(secrets);
    }

    /// The simple paths that a message may be asked for in a state.
    pub fn asked(&self, id: StateId) -> &PathSet {
        &self.asked[id.index()]
    }
}
