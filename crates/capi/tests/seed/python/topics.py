"""Publishers and subscribers."""

import pickle

import zmq

from common import bound, connected, context, say, started, subscribed, work


def wuproxy():
    """E0.9, E3.13: all updates, all parts."""
    publisher, weather = bound(zmq.PUB)
    backend, proxied = bound(zmq.PUB)
    frontend = subscribed(weather, b"")

    def move():
        while True:
            part = frontend.recv()
            backend.send(part, zmq.SNDMORE if frontend.getsockopt(zmq.RCVMORE) else 0)

    def publish():
        while True:
            publisher.send_multipart([b"10001 ", b"28 50"])
            work(1)

    started(move)
    started(publish)
    assert subscribed(proxied, b"10001").recv_multipart() == [b"10001 ", b"28 50"]
    say("both parts")


def pickled_topics():
    """E3.3, E3.4, C71: a topic does not match what is pickled behind it; the empty one does."""
    publisher, endpoint = bound(zmq.XPUB)
    by_topic, everything = subscribed(endpoint, b"topic"), subscribed(endpoint, b"")
    for _ in range(2):
        publisher.recv()
    publisher.send_pyobj(("topic", "message"))
    publisher.send(b"topic of octets")
    assert pickle.loads(everything.recv()) == ("topic", "message")
    assert by_topic.recv() == b"topic of octets"
    say("pickled topics are no prefixes")


def synchronized(durable=None):
    """E3.20, E3.21, and E3.25 to E3.27 with a name: all has to be heard from the time when all have heard something."""
    publisher, updates = bound(zmq.PUB)
    service, signals = bound(zmq.REP)
    publisher.setsockopt(zmq.SNDHWM, 0)

    def subscriber(number):
        socket = context.socket(zmq.SUB)
        socket.setsockopt(zmq.RCVHWM, 0)
        if durable:
            socket.setsockopt(zmq.ROUTING_ID, durable + b"%d" % number)
        socket.setsockopt(zmq.SUBSCRIBE, b"")
        socket.connect(updates)
        assert socket.recv() == b"Hello"
        syncclient = connected(zmq.REQ, signals)
        syncclient.send(b"")
        syncclient.recv()
        count = 0
        while True:
            message = socket.recv()
            if message == b"END":
                break
            count += message.startswith(b"Update")
        say("Received %d updates" % count)

    threads = [started(subscriber, number) for number in range(2)]
    subscribers = 0
    while subscribers < 2:
        publisher.send(b"Hello")
        if service.poll(1):
            service.recv()
            service.send(b"")
            subscribers += 1
            say("+1 subscriber")
    for number in range(1000):
        publisher.send(b"Update %d" % number)
    publisher.send(b"END")
    for thread in threads:
        thread.join()


def durable():
    synchronized(b"Hello")


def envelope():
    """E3.23, E3.24"""
    publisher, endpoint = bound(zmq.PUB)

    def publish():
        while True:
            publisher.send_multipart([b"A", b"We don't want to see this"])
            publisher.send_multipart([b"B", b"We would like to see this"])
            work(1)

    started(publish)
    address, contents = subscribed(endpoint, b"B").recv_multipart()
    say("[%s] %s" % (address.decode(), contents.decode()))


def ten_messages():
    """E4.3, E4.4: first ones may be missing."""
    publisher, endpoint = bound(zmq.PUB)
    publisher.setsockopt(zmq.SNDHWM, 0)
    subscriber = subscribed(endpoint, b"")

    def publish():
        number = 0
        while True:
            publisher.send_string("message%d" % number)
            number += 1
            work(1)

    started(publish)
    first = int(subscriber.recv_string()[7:])
    assert [subscriber.recv_string() for _ in range(9)] == ["message%d" % (first + n) for n in range(1, 10)]
    say("ten in a row")
