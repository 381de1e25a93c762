// An echo server on Node's `ws` in several processes that share one port, each with the descriptors of its own: for
// more connections to one address than a process may open files.
//
//   node cluster.mjs PEERS WORKERS
//
// PEERS is the folder whose node_modules has `ws`. Listens on a free port of 127.0.0.1, says `listening PORT` when all
// workers do, and ends when standard input does.
import cluster from 'node:cluster'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [peers, workers] = process.argv.slice(2)
// Longer than the bursts of several generators at once.
const BACKLOG = 4096

if (cluster.isPrimary) {
  // The system hands out connections, so that none passes through the primary's own descriptors.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  let count = 0
  cluster.on('listening', (_, { port }) => {
    count += 1
    if (count === Number(workers)) console.log(`listening ${port}`)
  })
  cluster.on('exit', () => process.exit(1))
  for (let i = 0; i < Number(workers); i += 1) cluster.fork()
  process.stdin.resume().on('end', () => process.exit(0))
} else {
  const { WebSocketServer } = createRequire(join(peers, 'package.json'))('ws')
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: BACKLOG, perMessageDeflate: false })
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
}
