"""How fast pyzmq is with one library and with another, taking turns: python bench/pyzmq.py ROUNDS LIBRARY...

Run by an interpreter whose pyzmq came as a wheel: the file that the wheel brings is swapped for each turn, and put back at the
end. `wheel` stands for that file. Prints medians as a table of Markdown.
"""

import importlib.util
import multiprocessing
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

MESSAGES = {16: 500_000, 64: 500_000, 1024: 300_000, 65536: 20_000}
QUESTIONS = 20_000


def push(endpoint, size, count):
    import zmq

    context = zmq.Context()
    sender = context.socket(zmq.PUSH)
    sender.connect(endpoint)
    body = b"x" * size
    for _ in range(count):
        sender.send(body)
    context.destroy(linger=-1)


def ask(endpoint):
    import zmq

    context = zmq.Context()
    client = context.socket(zmq.REQ)
    client.connect(endpoint)
    for _ in range(QUESTIONS):
        client.send(b"hello")
        client.recv()
    context.destroy(linger=-1)


def bound(kind):
    import zmq

    socket = zmq.Context.instance().socket(kind)
    return socket, "tcp://127.0.0.1:%d" % socket.bind_to_random_port("tcp://127.0.0.1")


def turn():
    """Prints a figure a line: messages a second for each size, then microseconds of a round trip."""
    import zmq

    fork = multiprocessing.get_context("spawn")
    for size, count in MESSAGES.items():
        receiver, endpoint = bound(zmq.PULL)
        sender = fork.Process(target=push, args=(endpoint, size, count))
        sender.start()
        receiver.recv()
        began = time.perf_counter()
        for _ in range(count - 1):
            receiver.recv()
        print((count - 1) / (time.perf_counter() - began))
        sender.join()
    server, endpoint = bound(zmq.REP)
    client = fork.Process(target=ask, args=(endpoint,))
    client.start()
    server.send(server.recv())
    began = time.perf_counter()
    for _ in range(QUESTIONS - 1):
        server.send(server.recv())
    print((time.perf_counter() - began) / (QUESTIONS - 1) * 1e6)
    client.join()


def take_turns(rounds, libraries):
    package = pathlib.Path(importlib.util.find_spec("zmq").origin).parent
    (wheel,) = (package.parent / "pyzmq.libs").glob("libzmq*")
    with tempfile.TemporaryDirectory() as safe:
        original = shutil.copy(wheel, safe)
        figures = {library: [] for library in libraries}
        try:
            for _ in range(rounds):
                for library in libraries:
                    shutil.copy(original if library == "wheel" else library, wheel)
                    told = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True)
                    figures[library].append([float(line) for line in told.stdout.split()])
        finally:
            shutil.copy(original, wheel)
    medians = {library: [statistics.median(row) for row in zip(*figures[library])] for library in libraries}
    print("| row |", " | ".join(libraries), "|")
    print("|---|" + "---:|" * len(libraries))
    for index, row in enumerate([f"PUSH to PULL, {size} octets, 1/s" for size in MESSAGES] + ["REQ and REP, us"]):
        print(f"| {row} |", " | ".join(f"{medians[library][index]:,.0f}" for library in libraries), "|")


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            turn()
        case [rounds, *libraries]:
            take_turns(int(rounds), libraries)
