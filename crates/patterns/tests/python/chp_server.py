"""A CHP server in a few lines, from RFC 12 alone: one thread, one map, lifetimes ignored.

Prints its three ports, then serves until it is killed."""

import struct
import time
import zmq

context = zmq.Context()
snapshots, updates, changes = (context.socket(kind) for kind in (zmq.ROUTER, zmq.PUB, zmq.SUB))
changes.subscribe(b"")
ports = [socket.bind_to_random_port("tcp://127.0.0.1") for socket in (snapshots, updates, changes)]
print(*ports, flush=True)

poller = zmq.Poller()
for socket in (snapshots, changes):
    poller.register(socket, zmq.POLLIN)
store, sequence, hug_at = {}, 0, 0
while True:
    ready = dict(poller.poll(100))
    if changes in ready:
        key, _, uuid, properties, value = changes.recv_multipart()
        sequence += 1
        frames = [key, struct.pack(">Q", sequence), uuid, properties, value]
        # A send looks for new subscriptions once a millisecond at most; this always does.
        updates.getsockopt(zmq.EVENTS)
        updates.send_multipart(frames)
        if value:
            store[key] = frames
        else:
            store.pop(key, None)
    if snapshots in ready:
        who, command, subtree = snapshots.recv_multipart()
        assert command == b"ICANHAZ?", command
        for key, frames in store.items():
            if key.startswith(subtree):
                snapshots.send_multipart([who, key, frames[1], b"", b"", frames[4]])
        snapshots.send_multipart([who, b"KTHXBAI", struct.pack(">Q", sequence), b"", b"", subtree])
    if time.monotonic() >= hug_at:
        hug_at = time.monotonic() + 1
        updates.send_multipart([b"HUGZ", bytes(8), b"", b"", b""])
