//! DNS, TCP, the WebSocket handshake and frames: the only room that names fastwebsockets or hyper's client.
