// A server on Node's `ws`, for runs against software that nobody here wrote.
//
//   node ws.mjs PEERS MODE [DEFLATE [CERTIFICATES]]
//
// PEERS is the folder whose node_modules has `ws`. Listens on a free loopback port, says `listening PORT`, ends when
// standard input does, and then says what it counted, as one line of JSON.
//
// MODE `echo` sends every message back. MODE `odd` picks the subprotocol `chat.v2`, pings every few milliseconds, sends
// what it echoes in fragments with a ping between them, and answers `bye` with a Close of 4001.
//
// DEFLATE is a JSON object: offers of permessage-deflate are taken up, with its `server_no_context_takeover`,
// `client_no_context_takeover`, `server_max_window_bits` and `client_max_window_bits`. With `null` they are not.
//
// CERTIFICATES is a folder: TLS is spoken with its `leaf.pem` and `leaf.key`, with clients that have a certificate of `ca.pem`.
import { readFileSync } from 'node:fs'
import { createServer as createPlain } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [peers, mode, deflate, certificates] = process.argv.slice(2)
const { WebSocketServer } = createRequire(join(peers, 'package.json'))('ws')
const PING_EVERY_MS = 3

const counts = { connections: 0, messages_in: 0, messages_out: 0, pings: 0, pongs: 0, subprotocols: 0, deflated: 0, certificates: 0, closes: {} }

function perMessageDeflate(options) {
  return {
    threshold: 0,
    serverNoContextTakeover: options.server_no_context_takeover,
    clientNoContextTakeover: options.client_no_context_takeover,
    serverMaxWindowBits: options.server_max_window_bits,
    clientMaxWindowBits: options.client_max_window_bits,
  }
}

function secure(folder) {
  const read = (name) => readFileSync(join(folder, name))
  return createSecure({ cert: read('leaf.pem'), key: read('leaf.key'), ca: read('ca.pem'), requestCert: true })
}

const deflateOptions = JSON.parse(deflate ?? 'null')
const listener = certificates ? secure(certificates) : createPlain()
const server = new WebSocketServer({
  server: listener,
  perMessageDeflate: deflateOptions ? perMessageDeflate(deflateOptions) : false,
  handleProtocols: (offered) => (mode === 'odd' && offered.has('chat.v2') ? 'chat.v2' : false),
})

function ping(socket) {
  if (socket.readyState !== socket.OPEN) return
  counts.pings += 1
  socket.ping('still there?')
}

function sendInFragments(socket, data, isBinary) {
  const third = Math.ceil(data.length / 3)
  const send = (part, fin) => socket.send(part, { binary: isBinary, fin })
  send(data.subarray(0, third), false)
  ping(socket)
  send(data.subarray(third, 2 * third), false)
  send(data.subarray(2 * third), true)
}

server.on('connection', (socket, request) => {
  counts.connections += 1
  if (request.socket.authorized) counts.certificates += 1
  if (socket.protocol === 'chat.v2') counts.subprotocols += 1
  if (socket.extensions.includes('permessage-deflate')) counts.deflated += 1
  if (mode === 'odd') {
    ping(socket)
    const pinging = setInterval(() => ping(socket), PING_EVERY_MS)
    socket.on('close', () => clearInterval(pinging))
  }
  socket.on('pong', (data) => {
    if (data.toString() === 'still there?') counts.pongs += 1
  })
  socket.on('close', (code) => {
    counts.closes[code] = (counts.closes[code] ?? 0) + 1
    endWithTheLast()
  })
  socket.on('message', (data, isBinary) => {
    counts.messages_in += 1
    if (mode === 'odd' && data.toString() === 'bye') return socket.close(4001, 'bye yourself')
    counts.messages_out += 1
    if (mode === 'odd') sendInFragments(socket, data, isBinary)
    else socket.send(data, { binary: isBinary })
  })
})
listener.listen(0, '127.0.0.1', () => console.log(`listening ${listener.address().port}`))

let isEnding = false
process.stdin.resume().on('end', () => {
  isEnding = true
  endWithTheLast()
})

// Not before every connection has been seen to end: it may have ended on the other side only.
function endWithTheLast() {
  if (!isEnding || server.clients.size > 0) return
  console.log(JSON.stringify(counts))
  process.exit(0)
}
