"""The Paranoid Pirate Protocol in Python, from the facts of RFC 6 alone: a worker and a queue over the real libzmq.

    ppp.py worker ENDPOINT    answers each request with its frames in reverse, for ever
    ppp.py queue              binds two endpoints, prints both, and serves for ever; says "ready" for each READY
"""

import sys
import time

import zmq

READY, HEARTBEAT = b"\x01", b"\x02"
BEAT_S = 0.1
LIVENESS = 30


def worker(endpoint):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(endpoint)
    socket.send(READY)
    due = time.monotonic() + BEAT_S
    while True:
        if socket.poll(int(BEAT_S * 500)):
            frames = socket.recv_multipart()
            if frames != [HEARTBEAT]:
                end = frames.index(b"") + 1
                socket.send_multipart(frames[:end] + frames[end:][::-1])
        if time.monotonic() > due:
            socket.send(HEARTBEAT)
            due = time.monotonic() + BEAT_S


def queue():
    context = zmq.Context.instance()
    front, back = context.socket(zmq.ROUTER), context.socket(zmq.ROUTER)
    for socket in (front, back):
        socket.bind("tcp://127.0.0.1:*")
        print(socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode(), flush=True)
    # Those that are free, in the order in which they became so, and when they count as dead.
    free, known = {}, set()
    due = time.monotonic() + BEAT_S
    poller = zmq.Poller()
    poller.register(back, zmq.POLLIN)
    while True:
        if free:
            poller.register(front, zmq.POLLIN)
        elif front in poller:
            poller.unregister(front)
        ready = dict(poller.poll(int(BEAT_S * 500)))
        if back in ready:
            address, *frames = back.recv_multipart()
            if frames == [READY]:
                known.add(address)
                print("ready", flush=True)
            if frames == [HEARTBEAT]:
                if address in free:
                    free[address] = time.monotonic() + BEAT_S * LIVENESS
            elif address in known:
                free[address] = time.monotonic() + BEAT_S * LIVENESS
                if frames != [READY]:
                    front.send_multipart(frames)
        elif front in ready and free:
            address = next(iter(free))
            del free[address]
            back.send_multipart([address, *front.recv_multipart()])
        if time.monotonic() > due:
            for address in free:
                back.send_multipart([address, HEARTBEAT])
            due = time.monotonic() + BEAT_S
        for address in [address for address, until in free.items() if time.monotonic() > until]:
            del free[address]
            known.discard(address)


if __name__ == "__main__":
    {"worker": worker, "queue": queue}[sys.argv[1]](*sys.argv[2:])
