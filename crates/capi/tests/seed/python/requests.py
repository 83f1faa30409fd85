"""Questions, answers and brokers between them."""

import tempfile

import zmq

from common import answer, ask, bound, connected, say, started


def broker(move):
    """E0.5 to E0.8, E2.28, E2.29, E3.14 to E3.17: a client and two workers, and this between them."""
    frontend, front = bound(zmq.ROUTER)
    backend, back = bound(zmq.DEALER)
    for _ in range(2):
        started(answer, connected(zmq.REP, back))
    started(move, frontend, backend)
    ask(front)


def rrbroker():
    def move(frontend, backend):
        poller = zmq.Poller()
        poller.register(frontend, zmq.POLLIN)
        poller.register(backend, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if frontend in ready:
                backend.send_multipart(frontend.recv_multipart())
            if backend in ready:
                frontend.send_multipart(backend.recv_multipart())

    broker(move)


def rrbroker_by_parts():
    """E3.16: one part a turn, which does no harm: the parts of a message stay together at each socket."""

    def move(frontend, backend):
        poller = zmq.Poller()
        poller.register(frontend, zmq.POLLIN)
        poller.register(backend, zmq.POLLIN)
        while True:
            for source, _ in poller.poll():
                target = backend if source is frontend else frontend
                part = source.recv()
                target.send(part, zmq.SNDMORE if source.getsockopt(zmq.RCVMORE) else 0)

    broker(move)


def msgqueue():
    broker(zmq.proxy)


def old_device():
    broker(lambda frontend, backend: zmq.device(zmq.QUEUE, frontend, backend))


def mtserver():
    """E3.18"""
    clients, endpoint = bound(zmq.ROUTER)
    workers, _ = bound(zmq.DEALER, "inproc://workers")
    for _ in range(5):
        started(lambda: answer(connected(zmq.REP, "inproc://workers")))
    started(zmq.proxy, clients, workers)
    askers = [started(ask, endpoint, 3) for _ in range(3)]
    for asker in askers:
        asker.join()


def mtrelay():
    """E3.19"""

    def step1():
        connected(zmq.PAIR, "inproc://step2").send(b"")

    def step2():
        receiver, _ = bound(zmq.PAIR, "inproc://step2")
        started(step1)
        receiver.recv()
        connected(zmq.PAIR, "inproc://step3").send(b"")

    receiver, _ = bound(zmq.PAIR, "inproc://step3")
    started(step2)
    receiver.recv()
    say("Test successful!")


def pyobj():
    """E3.1, E3.2: over ipc."""
    server, endpoint = bound(zmq.REP, "ipc://" + tempfile.mkdtemp() + "/zmq")
    client = connected(zmq.REQ, endpoint)
    client.send_pyobj({"question": [1, 2]})
    server.send_pyobj((server.recv_pyobj(), "seen"))
    assert client.recv_pyobj() == ({"question": [1, 2]}, "seen")
    say("objects come back")


def are_you_ok():
    """E4.1, E4.2"""
    server, endpoint = bound(zmq.REP)
    started(answer, server, b"I am OK!", "Received:")
    client = connected(zmq.REQ, endpoint)
    client.send(b"Are you OK?")
    say("response: %s" % client.recv().decode())
