"""A server on Python's `websockets`, for runs against software that nobody here wrote.

    python websockets_server.py MODE [DEFLATE [CERTIFICATES]]

Listens on a free loopback port, says `listening PORT`, ends when standard input does, and then says what it counted,
as one line of JSON.

MODE `echo` sends every message back. MODE `odd` picks the subprotocol `chat.v2`, pings every few milliseconds, sends
what it echoes in fragments, and answers `bye` with a Close of 4001.

DEFLATE is a JSON object: offers of permessage-deflate are taken up, with its `server_no_context_takeover`,
`client_no_context_takeover`, `server_max_window_bits` and `client_max_window_bits`. With `null` they are not.

CERTIFICATES is a folder: TLS is spoken with its `leaf.pem` and `leaf.key`, with clients that have a certificate of `ca.pem`.
"""

import asyncio
import contextlib
import json
import ssl
import sys
from pathlib import Path

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

PING_EVERY_S = 0.003

mode = sys.argv[1]
deflate = json.loads(sys.argv[2]) if len(sys.argv) > 2 else None
certificates = Path(sys.argv[3]) if len(sys.argv) > 3 else None
counts = {
    "connections": 0, "messages_in": 0, "messages_out": 0, "pings": 0, "pongs": 0, "subprotocols": 0,
    "deflated": 0, "certificates": 0, "closes": {},
}


async def ping(socket):
    with contextlib.suppress(ConnectionClosed):
        while True:
            pong = await socket.ping()
            counts["pings"] += 1
            await pong
            counts["pongs"] += 1
            await asyncio.sleep(PING_EVERY_S)


def fragments(message):
    third = -(-len(message) // 3)
    return [message[:third], message[third : 2 * third], message[2 * third :]]


async def handle(socket):
    counts["connections"] += 1
    counts["subprotocols"] += socket.subprotocol == "chat.v2"
    counts["deflated"] += any(extension.name == "permessage-deflate" for extension in socket.protocol.extensions)
    counts["certificates"] += bool(socket.transport.get_extra_info("peercert"))
    pinging = asyncio.create_task(ping(socket)) if mode == "odd" else None
    async for message in socket:
        counts["messages_in"] += 1
        if mode == "odd" and message == "bye":
            await socket.close(4001, "bye yourself")
            break
        await socket.send(fragments(message) if mode == "odd" else message)
        counts["messages_out"] += 1
    await socket.wait_closed()
    code = str(socket.close_code)
    counts["closes"][code] = counts["closes"].get(code, 0) + 1
    if pinging:
        pinging.cancel()


def secure(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def main():
    # The server must not give up before the one that is tested does.
    options = {"ping_interval": None, "subprotocols": ["chat.v2"] if mode == "odd" else None}
    options["compression"] = None
    if deflate is not None:
        options["extensions"] = [ServerPerMessageDeflateFactory(**deflate)]
    if certificates is not None:
        options["ssl"] = secure(certificates)
    async with serve(handle, "127.0.0.1", 0, **options) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(counts), flush=True)


asyncio.run(main())
