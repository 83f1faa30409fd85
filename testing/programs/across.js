// npm's zeromq, which brings libzmq, at the other end of the wire: Debian's python3-zmq on our library binds and answers.
//
//     across.js FOLDER     with LD_LIBRARY_PATH for Python, and NODE_PATH for us
const { spawn } = require('child_process')
const path = require('path')
const readline = require('readline')
const zmq = require('zeromq')

// As testing/drop_in/across.py has them.
const SIZES = [0, 1, 33, 255, 256, 8192, 300_000]
const KEYS = {
  curveServerKey: 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7',
  curvePublicKey: 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID',
  curveSecretKey: 'D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs',
}

function must(holds, what) {
  if (!holds) throw new Error(what)
}

async function play(endpoints) {
  const sockets = [
    new zmq.Request(), new zmq.Request(KEYS), new zmq.Dealer(), new zmq.Subscriber(), new zmq.Pull(), new zmq.Push(),
  ]
  const [plain, secure, dealer, subscriber, taker, giver] = sockets
  subscriber.subscribe('news')
  sockets.forEach((socket, at) => socket.connect(endpoints[at]))
  const bodies = SIZES.map((size) => Buffer.alloc(size, size % 251))
  for (const socket of [plain, secure, dealer]) {
    for (const body of bodies) {
      await socket.send(['first', '', body])
      const [first, empty, last] = await socket.receive()
      must(first.toString() === 'first' && empty.length === 0 && last.equals(body), `${body.length} octets came back changed`)
    }
  }
  for (const body of bodies) {
    const [topic, news] = await subscriber.receive()
    must(topic.toString() === 'news' && news.equals(body), `news of ${body.length} octets came changed`)
  }
  for (let number = 0; number < 5000; number++) {
    const [task] = await taker.receive()
    must(task.toString() === String(number), `task ${number} was ${task}`)
  }
  for (let number = 0; number < 5000; number++) await giver.send(String(number))
  await plain.send('all came')
  await plain.receive()
}

async function main() {
  const binder = path.join(__dirname, '../drop_in/across.py')
  const other = spawn('/usr/bin/python3', [binder, 'bind', process.argv[2]], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => other.on('exit', resolve))
  const lines = readline.createInterface({ input: other.stdout })[Symbol.asyncIterator]()
  const version = (await lines.next()).value
  must(version === '4.3.6', `Python is not on our library, but on ${version}`)
  must(zmq.version !== '4.3.6', 'we are on libzmq')
  await play((await lines.next()).value.split(' '))
  must((await ended) === 0, 'Python is not well')
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1) })
