"""A broker of the Guide's inter-broker example in Python, from the facts of its frames alone, over the real libzmq.

    peering3.py NAME PEER OWN_CLOUD OWN_STATE PEER_CLOUD PEER_STATE WORKERS TASKS

Has so many workers (threads that answer "OK from NAME"), and one client that asks so many tasks one by one; prints
"ready" when it serves, and then "answered N by WHOM" for the tasks.
"""

import random
import sys
import threading

import zmq

PATIENCE_MS = 120_000
context = zmq.Context.instance()


def worker(name):
    socket = context.socket(zmq.REQ)
    socket.connect("inproc://localbe")
    socket.send(b"\x01")
    while True:
        *envelope, _ = socket.recv_multipart()
        socket.send_multipart([*envelope, b"OK from " + name])


def client(tasks):
    socket = context.socket(zmq.REQ)
    socket.connect("inproc://localfe")
    doers = set()
    for number in range(tasks):
        socket.send(b"%04X" % number)
        assert socket.poll(PATIENCE_MS), "E: CLIENT EXIT - lost task %04X" % number
        doers.add(socket.recv().decode())
    print("answered", tasks, "by", *sorted(doers), flush=True)


def send_when_there(socket, message):
    while True:
        try:
            return socket.send_multipart(message)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            # As long as the peer is not there, nothing comes from it.
            socket.poll(10)


def main(name, peer, own_cloud, own_state, peer_cloud, peer_state, workers, tasks):
    name, peer = name.encode(), peer.encode()
    localfe, localbe = context.socket(zmq.ROUTER), context.socket(zmq.ROUTER)
    localfe.bind("inproc://localfe")
    localbe.bind("inproc://localbe")
    cloudfe, cloudbe = context.socket(zmq.ROUTER), context.socket(zmq.ROUTER)
    cloudfe.setsockopt(zmq.IDENTITY, name)
    cloudfe.bind(own_cloud)
    cloudbe.setsockopt(zmq.IDENTITY, name)
    # The peer's state may be heard before it can be sent tasks: those are not to be dropped.
    cloudbe.setsockopt(zmq.ROUTER_MANDATORY, 1)
    cloudbe.connect(peer_cloud)
    statebe, statefe = context.socket(zmq.PUB), context.socket(zmq.SUB)
    statebe.bind(own_state)
    statefe.subscribe(b"")
    statefe.connect(peer_state)
    for _ in range(int(workers)):
        threading.Thread(target=worker, args=[name], daemon=True).start()
    if int(tasks):
        threading.Thread(target=client, args=[int(tasks)], daemon=True).start()
    print("ready", flush=True)

    free, cloud_capacity = [], 0
    while True:
        before = len(free)
        primary = zmq.Poller()
        for socket in (localbe, cloudbe, statefe):
            primary.register(socket, zmq.POLLIN)
        ready = dict(primary.poll(10))
        message = None
        if localbe in ready:
            address, empty, *message = localbe.recv_multipart()
            assert empty == b""
            free.append(address)
            if message == [b"\x01"]:
                message = None
        elif cloudbe in ready:
            source, *message = cloudbe.recv_multipart()
            assert source == peer, source
        if message:
            (cloudfe if message[0] == peer else localfe).send_multipart(message)
        if statefe in ready:
            source, capacity = statefe.recv_multipart()
            assert source == peer, source
            cloud_capacity = int(capacity)
        while free or cloud_capacity:
            secondary = zmq.Poller()
            secondary.register(localfe, zmq.POLLIN)
            if free:
                secondary.register(cloudfe, zmq.POLLIN)
            ready_too = dict(secondary.poll(0))
            if cloudfe in ready_too:
                message = cloudfe.recv_multipart()
            elif localfe in ready_too:
                message = localfe.recv_multipart()
            else:
                break
            if free:
                localbe.send_multipart([free.pop(0), b"", *message])
            else:
                send_when_there(cloudbe, [random.choice([peer]), *message])
                cloud_capacity -= 1
        if len(free) != before or not ready:
            statebe.send_multipart([name, b"%d" % len(free)])


main(*sys.argv[1:])
