"""What the examples have in common."""

import random
import sys
import threading

import zmq

context = zmq.Context()
whole_lines = threading.Lock()


def say(*words):
    """Prints a line, in one piece, whatever other threads say."""
    with whole_lines:
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()


def work(milliseconds):
    """What stands for work, and for what a program has to do between two messages."""
    threading.Event().wait(milliseconds / 1000)


def started(act, *arguments):
    thread = threading.Thread(target=act, args=arguments, daemon=True)
    thread.start()
    return thread


def bound(kind, endpoint="tcp://127.0.0.1:*"):
    socket = context.socket(kind)
    socket.bind(endpoint)
    return socket, socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()


def connected(kind, endpoint, name=None):
    socket = context.socket(kind)
    if name:
        socket.setsockopt(zmq.ROUTING_ID, name)
    socket.connect(endpoint)
    return socket


def subscribed(endpoint, *topics):
    socket = connected(zmq.SUB, endpoint)
    for topic in topics:
        socket.setsockopt(zmq.SUBSCRIBE, topic)
    return socket


def answer(socket, reply=b"World", label="Received request:"):
    while True:
        message = socket.recv()
        say(label, message.decode())
        socket.send(reply)


def ask(endpoint, times=10):
    """rrclient: asks, and waits for each reply."""
    socket = connected(zmq.REQ, endpoint)
    for request in range(1, times + 1):
        socket.send(b"Hello")
        say("Received reply %d [%s]" % (request, socket.recv().decode()))


def publish_weather(socket):
    while True:
        socket.send(b"%05d %d %d" % (random.randrange(10000, 10010), random.randrange(-80, 135), random.randrange(10, 60)))
