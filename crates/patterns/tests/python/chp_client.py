"""A CHP client in a few lines, from RFC 12 alone. Arguments: the three endpoints of a server, and a subtree.

Prints the snapshot, then each update as it comes, as "key=value"; each line on stdin, "key=value", is sent as a change."""

import struct
import sys
import threading
import uuid
import zmq

snapshots_at, updates_at, changes_at, subtree = sys.argv[1:]
subtree = subtree.encode()
context = zmq.Context()
updates, snapshots = context.socket(zmq.SUB), context.socket(zmq.DEALER)
for topic in (b"HUGZ", subtree):
    updates.subscribe(topic)
updates.connect(updates_at)
snapshots.connect(snapshots_at)
assert updates.recv_multipart(), "something is published every second, so the subscription acts"


def say(key, value):
    print(f"{key.decode()}={value.decode()}", flush=True)


def send_changes():
    changes = context.socket(zmq.XPUB)
    changes.connect(changes_at)
    assert changes.recv() == b"\x01", "the server subscribes to everything"
    for line in sys.stdin:
        key, value = line.rstrip("\n").encode().split(b"=", 1)
        changes.send_multipart([key, bytes(8), uuid.uuid4().bytes, b"", value])


snapshots.send_multipart([b"ICANHAZ?", subtree])
while True:
    key, sequence, _, _, value = snapshots.recv_multipart()
    if key == b"KTHXBAI":
        assert value == subtree
        last, = struct.unpack(">Q", sequence)
        break
    say(key, value)
print("KTHXBAI", flush=True)
threading.Thread(target=send_changes, daemon=True).start()
while True:
    key, sequence, name, properties, value = updates.recv_multipart()
    number, = struct.unpack(">Q", sequence)
    if key == b"HUGZ":
        assert number == 0 and not name and not value
    elif number > last:
        last = number
        assert len(name) in (0, 16)
        say(key, value)
