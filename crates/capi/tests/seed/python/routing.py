"""Sockets that are told whom to send to."""

import random

import zmq

from common import bound, connected, say, started, work


def identity():
    """E3.22, E3.28: a DEALER adds no empty frame; a name is seen, or a generated one of five octets."""
    sink, _ = bound(zmq.ROUTER, "inproc://example")
    connected(zmq.DEALER, "inproc://example").send(b"XREP uses a generated name")
    name, body = sink.recv_multipart()
    say("[%03d] [%03d] %s" % (len(name), len(body), body.decode()))
    connected(zmq.DEALER, "inproc://example", b"Hello").send(b"XREP uses its name")
    say(" ".join(part.decode() for part in sink.recv_multipart()))


def rtdealer():
    """E3.29"""
    client, _ = bound(zmq.ROUTER, "inproc://routing")
    workers = {name: connected(zmq.DEALER, "inproc://routing", name) for name in (b"A", b"B")}
    counts = {b"A": 0, b"B": 0}

    def receive(name):
        while workers[name].recv() != b"END":
            counts[name] += 1
        say("%s received: %d" % (name.decode(), counts[name]))

    threads = [started(receive, name) for name in workers]
    for _ in range(10):
        client.send_multipart([random.choice([b"A", b"A", b"B"]), b"This is the workload"])
    for name in workers:
        client.send_multipart([name, b"END"])
    for thread in threads:
        thread.join()
    say("%d together" % sum(counts.values()))


def rtmama():
    """E3.30"""
    client, endpoint = bound(zmq.ROUTER)

    def worker():
        socket = connected(zmq.REQ, endpoint)
        total = 0
        while True:
            socket.send(b"ready")
            if socket.recv() == b"END":
                break
            total += 1
            work(1)
        say("Processed: %d tasks" % total)

    threads = [started(worker) for _ in range(10)]
    for number in range(110):
        address, empty, ready = client.recv_multipart()
        client.send_multipart([address, b"", b"END" if number >= 100 else b"This is the workload"])
    for thread in threads:
        thread.join()


def rtpapa():
    """E3.31: today a ROUTER does not talk to a REP; a DEALER between them keeps the stack as it is."""
    client, endpoint = bound(zmq.DEALER)
    worker = connected(zmq.REP, endpoint)
    stack = [b"address 3", b"address 2", b"address 1", b""]
    client.send_multipart(stack + [b"This is the workload"])
    assert worker.recv_multipart() == [b"This is the workload"]
    worker.send(b"This is the reply")
    assert client.recv_multipart() == stack + [b"This is the reply"]
    say("the stack came back")


def lruqueue():
    """E3.32, E3.33, without the faults of the latter: the oldest worker is taken, the delimiter is there, and clients are
    read while somebody can work for them."""
    frontend, front = bound(zmq.ROUTER)
    backend, back = bound(zmq.ROUTER)

    def client():
        socket = connected(zmq.REQ, front)
        socket.send(b"HELLO")
        say("Client: %s" % socket.recv().decode())

    def worker():
        socket = connected(zmq.REQ, back)
        socket.send(b"READY")
        while True:
            address, empty, request = socket.recv_multipart()
            say("Worker: %s" % request.decode())
            socket.send_multipart([address, b"", b"OK"])

    clients = [started(client) for _ in range(10)]
    for _ in range(3):
        started(worker)
    waiting, replies = [], 0
    while replies < 10:
        poller = zmq.Poller()
        poller.register(backend, zmq.POLLIN)
        if waiting:
            poller.register(frontend, zmq.POLLIN)
        ready = dict(poller.poll())
        if backend in ready:
            address, empty, *message = backend.recv_multipart()
            waiting.append(address)
            if message != [b"READY"]:
                frontend.send_multipart(message)
                replies += 1
        if frontend in ready:
            backend.send_multipart([waiting.pop(0), b""] + frontend.recv_multipart())
    for thread in clients:
        thread.join()
