"""Tasks for many workers, and programs that read from two sockets."""

import random
import time

import zmq

from common import bound, connected, publish_weather, say, started, subscribed, work


def task_run(workers, worker):
    """taskvent, taskwork, tasksink with this worker: a marker, which goes to a worker too, and a hundred tasks."""
    sender, tasks = bound(zmq.PUSH)
    sink, results = bound(zmq.PULL)
    threads = [started(worker, tasks, results) for _ in range(workers)]
    sender.send(b"0")
    total = 0
    for _ in range(100):
        workload = random.randint(1, 3)
        total += workload
        sender.send_string(str(workload))
    say("Total expected cost: %d msec" % total)
    sink.recv()
    began = time.monotonic()
    for _ in range(100):
        sink.recv()
    say("Total elapsed time: %d msec" % ((time.monotonic() - began) * 1000))
    return threads


def taskwork(tasks, results):
    receiver, sender = connected(zmq.PULL, tasks), connected(zmq.PUSH, results)
    while True:
        work(int(receiver.recv()))
        sender.send(b"")


def two_sources(read):
    """E0.1, E0.2, E3.8, E3.9: tasks and weather; `read` says how many of each it has read."""
    sender, tasks = bound(zmq.PUSH)
    publisher, weather = bound(zmq.PUB)
    receiver, subscriber = connected(zmq.PULL, tasks), subscribed(weather, b"10001")
    started(publish_weather, publisher)
    for number in range(10):
        sender.send(b"%d" % number)
    counts = {receiver: 0, subscriber: 0}
    while counts[receiver] < 10 or counts[subscriber] < 10:
        read(receiver, subscriber, counts)
    say("tasks and updates")


def msreader():
    def read(receiver, subscriber, counts):
        for socket in (receiver, subscriber):
            while True:
                try:
                    socket.recv(zmq.DONTWAIT)
                except zmq.Again:
                    break
                counts[socket] += 1
        work(1)

    two_sources(read)


def mspoller():
    poller = zmq.Poller()

    def read(receiver, subscriber, counts):
        poller.register(receiver, zmq.POLLIN)
        poller.register(subscriber, zmq.POLLIN)
        for socket, event in dict(poller.poll()).items():
            assert event == zmq.POLLIN
            socket.recv()
            counts[socket] += 1

    two_sources(read)


def parallel():
    """E3.5 to E3.7"""
    task_run(4, taskwork)


def kill():
    """E3.10, E3.11: workers that are told to end."""
    controller, control = bound(zmq.PUB)

    def worker(tasks, results):
        receiver, sender = connected(zmq.PULL, tasks), connected(zmq.PUSH, results)
        told = subscribed(control, b"")
        poller = zmq.Poller()
        poller.register(receiver, zmq.POLLIN)
        poller.register(told, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if receiver in ready:
                receiver.recv()
                sender.send(b"")
            if told in ready:
                break

    threads = task_run(3, worker)
    while any(thread.is_alive() for thread in threads):
        controller.send(b"KILL")
        work(1)
    say("all workers ended")


def pipeline():
    """E4.5 to E4.7, C77: nothing is sent without a worker, and then all of it, in order."""
    producer, tasks = bound(zmq.PUSH)
    collector, results = bound(zmq.PULL)
    try:
        producer.send(b"nobody is there", zmq.DONTWAIT)
        assert False, "it went nowhere"
    except zmq.Again:
        say("it waits for a worker")

    def transform():
        receiver, sender = connected(zmq.PULL, tasks), connected(zmq.PUSH, results)
        while True:
            sender.send(b"transform..." + receiver.recv())

    started(transform)
    for number in range(10):
        producer.send_string("message%d" % number)
    for number in range(10):
        message = collector.recv_string()
        assert message == "transform...message%d" % number
        say("response: %s" % message)
