"""Majordomo 0.1 in Python, from the facts of RFC 7 alone: a client, a worker and a broker over the real libzmq.

    mdp.py client ENDPOINT SERVICE COUNT    asks COUNT times, prints "answered" if all is as it should be
    mdp.py worker ENDPOINT SERVICE          answers each request with its frames in reverse, for ever
    mdp.py broker                           binds, prints where, and serves for ever
"""

import sys
import time

import zmq

CLIENT, WORKER = b"MDPC01", b"MDPW01"
READY, REQUEST, REPLY, HEARTBEAT, DISCONNECT = (bytes([number]) for number in range(1, 6))
BEAT_S = 0.1
PATIENCE_MS = 120_000


def client(endpoint, service, count):
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.connect(endpoint)
    for number in range(int(count)):
        body = [b"request", str(number).encode()]
        socket.send_multipart([CLIENT, service.encode(), *body])
        assert socket.poll(PATIENCE_MS), "no answer"
        answer = socket.recv_multipart()
        assert answer == [CLIENT, service.encode(), *reversed(body)], answer
    print("answered", flush=True)


def registered(endpoint, service):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(endpoint)
    socket.send_multipart([b"", WORKER, READY, service.encode()])
    return socket


def worker(endpoint, service):
    socket = registered(endpoint, service)
    due = time.monotonic() + BEAT_S
    while True:
        if socket.poll(int(BEAT_S * 500)):
            empty, header, command, *rest = socket.recv_multipart()
            assert (empty, header) == (b"", WORKER), (empty, header)
            if command == REQUEST:
                address, empty, *body = rest
                assert empty == b""
                socket.send_multipart([b"", WORKER, REPLY, address, b"", *reversed(body)])
            elif command == DISCONNECT:
                # By a new socket: what it has said by the old one would have the new registration ended as well.
                socket.close(linger=0)
                socket = registered(endpoint, service)
            else:
                assert (command, rest) == (HEARTBEAT, []), (command, rest)
        if time.monotonic() > due:
            socket.send_multipart([b"", WORKER, HEARTBEAT])
            due = time.monotonic() + BEAT_S


def broker():
    socket = zmq.Context.instance().socket(zmq.ROUTER)
    socket.bind("tcp://127.0.0.1:*")
    print(socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode(), flush=True)
    waiting, idle, served = {}, {}, {}
    due = time.monotonic() + BEAT_S
    while True:
        if socket.poll(int(BEAT_S * 500)):
            sender, empty, header, *rest = socket.recv_multipart()
            assert empty == b""
            if header == CLIENT:
                service, *body = rest
                waiting.setdefault(service, []).append((sender, body))
            else:
                assert header == WORKER, header
                command, *rest = rest
                if command == READY:
                    (served[sender],) = rest
                    idle.setdefault(served[sender], []).append(sender)
                elif sender not in served:
                    socket.send_multipart([sender, b"", WORKER, DISCONNECT])
                elif command == REPLY:
                    address, empty, *body = rest
                    assert empty == b""
                    socket.send_multipart([address, b"", CLIENT, served[sender], *body])
                    idle[served[sender]].append(sender)
                elif command == DISCONNECT:
                    service = served.pop(sender)
                    idle[service] = [worker for worker in idle[service] if worker != sender]
                    print("left", flush=True)
                else:
                    assert (command, rest) == (HEARTBEAT, []), (command, rest)
            for service, workers in idle.items():
                while workers and waiting.get(service):
                    address, body = waiting[service].pop(0)
                    socket.send_multipart([workers.pop(0), b"", WORKER, REQUEST, address, b"", *body])
        if time.monotonic() > due:
            for address in served:
                socket.send_multipart([address, b"", WORKER, HEARTBEAT])
            due = time.monotonic() + BEAT_S


if __name__ == "__main__":
    {"client": client, "worker": worker, "broker": broker}[sys.argv[1]](*sys.argv[2:])
