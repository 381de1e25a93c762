//! Plays the conversations of `docs/servers.md` against the server, word for word.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Server;

const DOCUMENT: &str = include_str!("../../docs/servers.md");

/// The fenced blocks marked `chat`.
fn conversations() -> Vec<&'static str> {
    DOCUMENT.split("```chat\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[tokio::test]
async fn the_documented_conversations_are_the_real_ones() {
    let conversations = conversations();
    assert!(conversations.len() >= 5, "the document has lost its conversations");
    for conversation in conversations {
        let server = Server::chat().await;
        let mut clients = BTreeMap::new();
        for line in conversation.lines() {
            let (speaker, text) = line.split_once(' ').unwrap();
            let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {line}"));
            let (name, direction) = speaker.split_at(speaker.len() - 1);
            if !clients.contains_key(name) {
                clients.insert(name, server.client().await);
            }
            let client = clients.get_mut(name).unwrap();
            match direction {
                ">" => client.say(value).await,
                "<" => assert_eq!(client.hear().await, value, "{line}"),
                _ => panic!("neither sent nor received: {line}"),
            }
        }
        drop(clients);
        server.stop().await;
    }
}

#[test]
fn every_total_is_documented() {
    let line = wsplan::serve::Totals::default().to_json("chat");
    let totals: serde_json::Map<String, Value> = serde_json::from_str(&line).unwrap();
    for name in totals.keys() {
        assert!(DOCUMENT.contains(&format!("`{name}`")), "{name}");
    }
}
