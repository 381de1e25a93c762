//! The chat protocol as `docs/servers.md` describes it.

use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use wsplan::serve::{Kind, Options};

use super::{Client, Server, patiently};

#[tokio::test]
async fn a_session_is_started_resumed_and_named_in_every_reply() {
    let server = Server::chat().await;
    let mut first = server.client().await;
    assert_eq!(first.ask(json!({"type": "ping", "id": 0})).await, json!({"type": "pong", "re": 0}));
    let attached = first.ask(json!({"type": "attach", "_messageId": "m1"})).await;
    let session = attached["session_id"].as_str().unwrap().to_owned();
    assert_eq!(attached, json!({"type": "attached", "_messageId": "m1", "session_id": session}));

    let mut second = server.client().await;
    let resumed = second.ask(json!({"type": "attach", "session_id": session})).await;
    assert_eq!(resumed, json!({"type": "attached", "session_id": session}));
    let pong = second.ask(json!({"type": "ping", "id": {"any": ["value"]}, "_messageId": null})).await;
    let wanted = json!({"type": "pong", "re": {"any": ["value"]}, "_messageId": null, "session_id": session});
    assert_eq!(pong, wanted);

    let other = server.client().await.ask(json!({"type": "attach"})).await;
    assert_ne!(other["session_id"], json!(session));
    drop((first, second));
    server.stop().await;
}

#[tokio::test]
async fn a_request_must_name_the_session_of_its_connection() {
    let server = Server::chat().await;
    let mut client = server.client().await;
    let request = |session| json!({"type": "request", "_messageId": 7, "session_id": session, "more": [1]});
    assert_eq!(client.ask(request("s1")).await["code"], "session_mismatch");
    client.ask(json!({"type": "attach", "session_id": "s1"})).await;
    let wanted = json!({"type": "response", "ok": true, "_messageId": 7, "session_id": "s1"});
    assert_eq!(client.ask(request("s1")).await, wanted);
    let error = client.ask(request("s2")).await;
    assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("session_mismatch")));
    assert_eq!((&error["_messageId"], &error["session_id"]), (&json!(7), &json!("s1")));
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn what_is_said_is_answered_and_heard_by_the_whole_room_in_one_order() {
    let server = Server::chat().await;
    let (mut anna, mut ben) = (server.client().await, server.client().await);
    let anna_id = anna.ask(json!({"type": "attach", "session_id": "anna"})).await["session_id"].clone();
    assert_eq!(anna.join("lobby").await, 1);
    assert_eq!(ben.join("lobby").await, 2);

    let said = anna.ask(json!({"type": "say", "id": "a-1", "text": "hi \"all\"", "n": 3})).await;
    let wanted =
        json!({"type": "said", "re": "a-1", "session_id": "anna", "n": 3, "room": "lobby", "seq": 1});
    assert_eq!(said, wanted);
    let message = json!({"type": "message", "room": "lobby", "from": anna_id, "id": "a-1", "text": "hi \"all\"", "seq": 1});
    assert_eq!(anna.hear().await, message, "the sender hears it, too, after the reply");
    assert_eq!(ben.hear().await, message);

    let said = ben.ask(json!({"type": "say", "text": {"kind": "any"}})).await;
    assert_eq!(said["seq"], 2);
    assert!(said.get("re").is_none() && said.get("n").is_none(), "{said}");
    let message = anna.hear().await;
    assert_eq!((&message["seq"], &message["text"]), (&json!(2), &json!({"kind": "any"})));
    assert_eq!(message["from"], said["session_id"], "a session was made for who joined without one");
    drop((anna, ben));
    server.stop().await;
}

#[tokio::test]
async fn rooms_do_not_hear_each_other_and_those_who_left_hear_nothing() {
    let server = Server::chat().await;
    let (mut red, mut blue, mut both) = (server.client().await, server.client().await, server.client().await);
    red.join("red").await;
    blue.join("blue").await;
    assert_eq!(both.join("red").await, 2);
    assert_eq!(both.join("blue").await, 2);

    // Without a room it goes to the one joined last.
    assert_eq!(both.ask(json!({"type": "say", "text": 1})).await["room"], "blue");
    assert_eq!(both.hear().await["room"], "blue");
    assert_eq!(both.ask(json!({"type": "say", "text": 2, "room": "red"})).await["room"], "red");
    assert_eq!(both.hear().await["room"], "red");
    assert_eq!(blue.hear().await["text"], 1);
    assert_eq!(red.hear().await["text"], 2);

    let left = both.ask(json!({"type": "leave", "room": "red", "id": 9})).await;
    assert_eq!((&left["type"], &left["members"], &left["re"]), (&json!("left"), &json!(1), &json!(9)));
    red.ask(json!({"type": "say", "text": 3})).await;
    red.hear().await;
    // Had `both` still been in the room, the message would be ahead of this reply.
    assert_eq!(both.ask(json!({"type": "ping"})).await["type"], "pong");
    assert_eq!(both.ask(json!({"type": "say", "text": 4, "room": "red"})).await["code"], "not_joined");
    assert_eq!(both.ask(json!({"type": "leave", "room": "red"})).await["code"], "not_joined");
    assert_eq!(blue.ask(json!({"type": "ping"})).await["type"], "pong");
    drop((red, blue, both));
    server.stop().await;
}

#[tokio::test]
async fn joining_twice_is_joining_once_and_ending_is_leaving() {
    let server = Server::chat().await;
    let mut stays = server.client().await;
    let mut goes = server.client().await;
    assert_eq!(stays.join("r").await, 1);
    assert_eq!(stays.join("r").await, 1);
    assert_eq!(goes.join("r").await, 2);
    goes.close(1000).await;
    // The Close came back before the connection's place was given up: ask until it was.
    while stays.join("r").await != 1 {}
    drop(stays);
    server.stop().await;
}

#[tokio::test]
async fn wrong_messages_are_answered_with_errors_and_the_connection_goes_on() {
    let server = Server::chat().await;
    let mut client = server.client().await;
    for (message, code) in [
        (Message::text("not JSON"), "bad_request"),
        (Message::text(""), "bad_request"),
        (Message::text(r#"["join"]"#), "bad_request"),
        (Message::text("[".repeat(200_000)), "bad_request"),
        (Message::text(format!(r#"{{"a":{}"#, "[".repeat(200_000))), "bad_request"),
        (Message::binary(b"{}".to_vec()), "bad_request"),
        (Message::text(r#"{"id":5}"#), "bad_request"),
        (Message::text(r#"{"type":7,"id":5}"#), "bad_request"),
        (Message::text(r#"{"type":"dance","id":5}"#), "unknown_type"),
        (Message::text(r#"{"type":"join","id":5}"#), "bad_request"),
        (Message::text(r#"{"type":"join","id":5,"room":""}"#), "bad_request"),
        (Message::text(format!(r#"{{"type":"join","id":5,"room":"{}"}}"#, "x".repeat(129))), "bad_request"),
        (Message::text(r#"{"type":"attach","id":5,"session_id":{}}"#), "bad_request"),
        (Message::text(r#"{"type":"say","id":5}"#), "bad_request"),
        (Message::text(r#"{"type":"say","id":5,"text":""}"#), "not_joined"),
        (Message::text(r#"{"type":"request","id":5}"#), "bad_request"),
        (Message::text(r#"{"type":"keepalive","id":5,"seq":1}"#), "bad_request"),
    ] {
        let has_id = message.to_text().is_ok_and(|text| text.contains(r#""id":5"#));
        client.send(message.clone()).await;
        let error = client.hear().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{message}");
        assert!(error["message"].is_string());
        assert_eq!(error.get("re"), has_id.then_some(&json!(5)), "{error}");
    }
    assert_eq!(client.ask(json!({"type": "ping"})).await, json!({"type": "pong"}));
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_is_in_no_more_than_64_rooms() {
    let server = Server::chat().await;
    let mut client = server.client().await;
    for number in 0..64 {
        client.join(&format!("room {number}")).await;
    }
    assert_eq!(client.ask(json!({"type": "join", "room": "one more"})).await["code"], "bad_request");
    assert_eq!(client.join("room 0").await, 1);
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn the_subprotocol_is_taken_where_it_is_offered() {
    let server = Server::chat().await;
    for (offered, chosen) in [(Some("chat.v9, chat.v2"), Some("chat.v2")), (None, None)] {
        let mut request =
            format!("ws://{}/any/path?with=query", server.address).into_client_request().unwrap();
        if let Some(offered) = offered {
            request.headers_mut().insert("sec-websocket-protocol", offered.parse().unwrap());
        }
        let (stream, response) = patiently(connect_async(request)).await.unwrap();
        let header = response.headers().get("sec-websocket-protocol");
        assert_eq!(header.map(|value| value.to_str().unwrap()), chosen);
        Client(stream).close(1000).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_room_of_many_gets_every_message_once_and_in_order() {
    const MEMBERS: u64 = 100;
    const ROUNDS: u64 = 5;
    let server = Server::chat().await;
    let mut clients = Vec::new();
    for number in 1..=MEMBERS {
        let mut client = server.client().await;
        assert_eq!(client.join("hall").await, number);
        clients.push(client);
    }
    for client in &mut clients {
        for round in 0..ROUNDS {
            client.say(json!({"type": "say", "id": round, "text": "x"})).await;
        }
    }
    for client in &mut clients {
        let (mut seq, mut said) = (0, 0);
        while seq < MEMBERS * ROUNDS || said < ROUNDS {
            let message = client.hear().await;
            if message["type"] == "said" {
                assert_eq!(message["re"], said);
                said += 1;
            } else {
                seq += 1;
                assert_eq!(message["seq"], seq);
            }
        }
    }
    drop(clients);
    let totals = server.stop().await;
    assert_eq!(totals.messages_in, MEMBERS + MEMBERS * ROUNDS);
    assert_eq!(totals.messages_out, MEMBERS + MEMBERS * ROUNDS + MEMBERS * MEMBERS * ROUNDS);
    assert_eq!((totals.connections_peak, totals.overflows), (MEMBERS, 0));
}

#[tokio::test]
async fn who_reads_more_slowly_than_the_room_talks_is_closed_and_nobody_else() {
    const TEXT_BYTES: usize = 64 << 10;
    let mut options = Options::new(Kind::Chat);
    options.limits.queue_bytes = 4 * TEXT_BYTES;
    options.limits.closing = std::time::Duration::from_millis(50);
    let server = Server::start(options).await;
    let (mut talker, mut listener, mut slow) =
        (server.client().await, server.client().await, server.client().await);
    for client in [&mut talker, &mut listener, &mut slow] {
        client.join("r").await;
    }
    let mut seq = 0;
    loop {
        talker.say(json!({"type": "say", "text": "x".repeat(TEXT_BYTES)})).await;
        seq += 1;
        assert_eq!(talker.hear().await["type"], "said");
        assert_eq!(talker.hear().await["seq"], seq);
        assert_eq!(listener.hear().await["seq"], seq);
        // Joining again tells how many are in the room; the slow one goes when its sockets and queue are full.
        if listener.join("r").await == 2 {
            break;
        }
    }
    let totals = server.stop().await;
    assert_eq!(totals.overflows, 1);
    assert!(totals.undelivered > 0, "{totals:?}");
}
