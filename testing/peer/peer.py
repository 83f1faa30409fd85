"""A peer with the real libzmq inside, commanded over stdin and stdout.

Both ways a telegram is: count u32, then for each part: length u32, octets (big-endian).
A request is [verb, arguments...]; the answer is ["ok", values...], ["err", errno, name, text] when libzmq refused,
or ["bug", traceback]. One request, one answer, in order. The end of stdin ends the process.
Work that goes on by itself (echo, blast, count) is a job: a thread that owns its socket until `finish`.
"""

import hashlib
import os
import struct
import sys
import threading
import time
import traceback

import zmq
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import recv_monitor_message

READ, WRITE = sys.stdin.buffer, sys.stdout.buffer
TICK_MS = 100  # how often a waiting job looks whether it was told to stop


def read_exactly(size):
    octets = READ.read(size)
    if len(octets) < size:
        os._exit(0)
    return octets


def read_telegram():
    (count,) = struct.unpack(">I", read_exactly(4))
    return [read_exactly(struct.unpack(">I", read_exactly(4))[0]) for _ in range(count)]


def write_telegram(parts):
    WRITE.write(struct.pack(">I", len(parts)))
    for part in parts:
        part = part if isinstance(part, bytes) else str(part).encode()
        WRITE.write(struct.pack(">I", len(part)) + part)
    WRITE.flush()


def option(name):
    return getattr(zmq, name.decode())


def patiently(attempt, socket, event, timeout_ms):
    """Tries at once, so that libzmq's own refusals (EFSM, EHOSTUNREACH) show; then waits for room or a message."""
    deadline = time.monotonic() + timeout_ms / 1000
    while True:
        try:
            return attempt()
        except zmq.Again:
            left = int((deadline - time.monotonic()) * 1000)
            if left <= 0 or not socket.poll(left, event):
                raise


class Job(threading.Thread):
    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.values, self.refusal, self.stopping = work, [], None, False

    def run(self):
        try:
            self.values = self.work(self)
        except Exception as refusal:  # handed to whoever finishes the job
            self.refusal = refusal


def echo(socket, job):
    count = 0
    while not job.stopping:
        if socket.poll(TICK_MS):
            message = socket.recv_multipart()
            while not job.stopping:
                try:
                    socket.send_multipart(message, zmq.NOBLOCK)
                    count += 1
                    break
                except zmq.Again:
                    socket.poll(TICK_MS, zmq.POLLOUT)
    return [count]


def blast(socket, count, size, prefix, job):
    fill, sent, began = b"x" * max(0, size - 8), 0, time.monotonic()
    while sent < count and not job.stopping:
        body = struct.pack(">Q", sent) + fill if size >= 8 else b"x" * size
        try:
            socket.send_multipart([*prefix, body], zmq.NOBLOCK)
            sent += 1
        except zmq.Again:
            socket.poll(TICK_MS, zmq.POLLOUT)
    return [sent, int((time.monotonic() - began) * 1_000_000)]


def count(socket, want, idle_ms, job):
    """Until `want` messages came, or none came for `idle_ms` after the first."""
    messages = octets = missing = backwards = 0
    expected, began, last = 0, 0, 0
    while messages < want and not job.stopping:
        try:
            parts = socket.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            if not socket.poll(TICK_MS if messages == 0 else min(idle_ms, TICK_MS)):
                if messages and (time.monotonic() - last) * 1000 >= idle_ms:
                    break
            continue
        last = time.monotonic()
        began = began or last
        messages += 1
        octets += sum(map(len, parts))
        if len(parts[-1]) >= 8:
            (number,) = struct.unpack(">Q", parts[-1][:8])
            missing += max(0, number - expected)
            backwards += number < expected
            expected = max(expected, number + 1)
    return [messages, octets, missing, backwards, int((last - began) * 1_000_000)]


class Peer:
    def __init__(self):
        self.context = zmq.Context()
        self.sockets, self.monitors, self.jobs = {}, {}, {}
        self.authenticator = None
        self.next = 0

    def number(self):
        self.next += 1
        return self.next

    def hello(self):
        return [zmq.zmq_version(), zmq.__version__, os.getpid()]

    def socket(self, kind):
        number = self.number()
        self.sockets[number] = self.context.socket(option(kind))
        return [number]

    def set_int(self, socket, name, value):
        self.sockets[int(socket)].setsockopt(option(name), int(value))
        return []

    def set_bytes(self, socket, name, value):
        self.sockets[int(socket)].setsockopt(option(name), value)
        return []

    def get(self, socket, name):
        return [self.sockets[int(socket)].getsockopt(option(name))]

    def authenticate(self, what, *arguments):
        """Starts PyZMQ's own ZAP handler, and tells it whom to let in."""
        if self.authenticator is None:
            self.authenticator = ThreadAuthenticator(self.context)
            self.authenticator.start()
        arguments = [argument.decode() for argument in arguments]
        if what == b"plain":
            domain, user, password = arguments
            self.authenticator.configure_plain(domain=domain, passwords={user: password})
        elif what == b"curve":
            domain, location = arguments
            self.authenticator.configure_curve(domain=domain, location=location)
        else:
            getattr(self.authenticator, what.decode())(*arguments)
        return []

    def bind(self, socket, endpoint):
        socket = self.sockets[int(socket)]
        socket.bind(endpoint.decode())
        return [socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0")]

    def connect(self, socket, endpoint):
        self.sockets[int(socket)].connect(endpoint.decode())
        return []

    def unbind(self, socket, endpoint):
        self.sockets[int(socket)].unbind(endpoint.decode())
        return []

    def disconnect(self, socket, endpoint):
        self.sockets[int(socket)].disconnect(endpoint.decode())
        return []

    def send(self, socket, timeout, *parts):
        socket = self.sockets[int(socket)]
        patiently(lambda: socket.send_multipart(parts, zmq.NOBLOCK), socket, zmq.POLLOUT, int(timeout))
        return []

    def recv(self, socket, timeout):
        socket = self.sockets[int(socket)]
        return patiently(lambda: socket.recv_multipart(zmq.NOBLOCK), socket, zmq.POLLIN, int(timeout))

    def digests(self, socket, timeout, want):
        """For each part of each message: number of parts that follow, length, sha256."""
        values = []
        for _ in range(int(want)):
            parts = self.recv(socket, timeout)
            for index, part in enumerate(parts):
                values += [len(parts) - index - 1, len(part), hashlib.sha256(part).digest()]
        return values

    def poll(self, socket, events, timeout):
        return [self.sockets[int(socket)].poll(int(timeout), int(events))]

    def close(self, socket, linger):
        number = int(socket)
        socket = self.sockets.pop(number)
        if number in self.monitors:
            socket.disable_monitor()
            del self.monitors[number]
        socket.close(None if linger == b"default" else int(linger))
        return []

    def monitor(self, socket):
        self.monitors[int(socket)] = self.sockets[int(socket)].get_monitor_socket()
        return []

    def event(self, socket, timeout, *names):
        """The next event with one of these names (any, if none is given); others are passed over."""
        wanted = {name.decode() for name in names}
        monitor = self.monitors[int(socket)]
        deadline = time.monotonic() + int(timeout) / 1000
        while True:
            left = max(0, int((deadline - time.monotonic()) * 1000))
            if not monitor.poll(left):
                raise zmq.Again()
            event = recv_monitor_message(monitor)
            name = zmq.Event(event["event"]).name
            if not wanted or name in wanted:
                return [name, event["value"], event["endpoint"]]

    def start(self, work):
        number = self.number()
        self.jobs[number] = Job(work)
        self.jobs[number].start()
        return [number]

    def echo(self, socket):
        socket = self.sockets[int(socket)]
        return self.start(lambda job: echo(socket, job))

    def blast(self, socket, total, size, *prefix):
        socket = self.sockets[int(socket)]
        return self.start(lambda job: blast(socket, int(total), int(size), prefix, job))

    def count(self, socket, want, idle):
        socket = self.sockets[int(socket)]
        return self.start(lambda job: count(socket, int(want), int(idle), job))

    def stop(self, number):
        self.jobs[int(number)].stopping = True
        return []

    def finish(self, number, timeout):
        job = self.jobs[int(number)]
        job.join(int(timeout) / 1000)
        if job.is_alive():
            raise zmq.Again()
        del self.jobs[int(number)]
        if job.refusal:
            raise job.refusal
        return job.values

    def term(self):
        """Closes what is open and waits until lingering messages are out."""
        for number in list(self.sockets):
            self.close(number, b"default")
        if self.authenticator is not None:
            self.authenticator.stop()
            self.authenticator = None
        self.context.term()
        self.context = zmq.Context()
        return []


def name_of(errno):
    try:
        return zmq.Errno(errno).name
    except ValueError:
        return os.strerror(errno)


def answer(peer, request):
    verb, *arguments = request
    try:
        return [b"ok", *getattr(peer, verb.decode())(*arguments)]
    except zmq.ZMQError as refusal:
        return [b"err", refusal.errno, name_of(refusal.errno), refusal.strerror]
    except Exception:
        return [b"bug", traceback.format_exc()]


def main():
    peer = Peer()
    while True:
        request = read_telegram()
        if request == [b"exit"]:
            write_telegram([b"ok"])
            os._exit(0)
        write_telegram(answer(peer, request))


main()
