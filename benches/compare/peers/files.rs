//! What the peers are given to do.

use super::super::bare::MESSAGE;

/// `{`, `}` and nothing else is special in these: the placeholders are replaced by hand.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

fn host_and_port(address: &str) -> (&str, &str) {
    address.rsplit_once(':').unwrap_or((address, "80"))
}

/// Waiting for the answer needs a capture; it is the one thing that is looked at.
pub fn artillery(address: &str, users: usize, trips: usize) -> String {
    let text = r"
config:
  target: ws://ADDRESS/
  phases: [{ duration: 1, arrivalCount: USERS }]
scenarios:
  - engine: ws
    flow:
      - loop:
          - send:
              payload: MESSAGE
              capture: { json: $.id, as: id }
        count: TRIPS
";
    let message = MESSAGE.replace('\'', "''");
    filled(
        text,
        &[
            ("ADDRESS", address),
            ("USERS", &users.to_string()),
            ("MESSAGE", &format!("'{message}'")),
            ("TRIPS", &trips.to_string()),
        ],
    )
}

/// Each round trip is reported to Locust, as its own clients do.
pub fn locust(address: &str, trips: usize) -> String {
    let text = r"
import time
import websocket
from locust import User, task, events

MESSAGE = 'MESSAGE'
left = {'users': 50}

class Talker(User):
    @task
    def talk(self):
        socket = websocket.create_connection('ws://ADDRESS/')
        for _ in range(TRIPS):
            start = time.perf_counter()
            socket.send(MESSAGE)
            echo = socket.recv()
            elapsed_ms = (time.perf_counter() - start) * 1000
            events.request.fire(request_type='WS', name='say', response_time=elapsed_ms,
                                response_length=len(echo), exception=None, context={})
        socket.close()
        left['users'] -= 1
        if left['users'] == 0:
            self.environment.runner.quit()
        self.stop()
";
    filled(
        text,
        &[("ADDRESS", address), ("TRIPS", &trips.to_string()), ("'MESSAGE'", &format!("'{MESSAGE}'"))],
    )
}

/// `ack="parse"` waits for the answer; nothing is looked at.
pub fn tsung(address: &str, users: usize, trips: usize) -> String {
    let text = r#"<?xml version="1.0"?>
<!DOCTYPE tsung SYSTEM "/usr/share/tsung/tsung-1.0.dtd">
<tsung loglevel="error" version="1.0">
  <clients><client host="localhost" use_controller_vm="true" maxusers="30000"/></clients>
  <servers><server host="HOST" port="PORT" type="tcp"/></servers>
  <load><arrivalphase phase="1" duration="1" unit="second"><users maxnumber="0" arrivalrate="1" unit="second"/></arrivalphase>STATIC</load>
  <sessions>
    <session name="say" probability="100" type="ts_websocket">
      <request><websocket type="connect" path="/"></websocket></request>
      <for from="1" to="TRIPS" var="i">
        <request><websocket type="message" frame="text" ack="parse"><![CDATA[MESSAGE]]></websocket></request>
      </for>
      <request><websocket type="close"></websocket></request>
    </session>
  </sessions>
</tsung>
"#;
    let (host, port) = host_and_port(address);
    // All at one time, rather than as they happen to arrive.
    let one = r#"<user session="say" start_time="1" unit="second"/>"#;
    filled(
        text,
        &[
            ("HOST", host),
            ("PORT", port),
            ("STATIC", &one.repeat(users)),
            ("TRIPS", &trips.to_string()),
            ("MESSAGE", MESSAGE),
        ],
    )
}
