"""Debian's python3-zmq on our library, and pip's pyzmq with the libzmq that comes with it, at the two ends of one wire.

    across.py INTERPRETER             the one with pip's pyzmq; runs both ways
    across.py connect|bind FOLDER     what it is run with
"""

import os
import subprocess
import sys

import zmq

DEADLINE = 60_000  # milliseconds; it only has to end
SIZES = [0, 1, 33, 255, 256, 8192, 300_000]
PUBLIC, SECRET = b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
CLIENT_PUBLIC, CLIENT_SECRET = b"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", b"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"


def opened(context, kind):
    socket = context.socket(kind)
    socket.rcvtimeo = socket.sndtimeo = socket.linger = DEADLINE
    return socket


def secured(socket, server):
    if server:
        socket.curve_server, socket.curve_secretkey = True, SECRET
    else:
        socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = PUBLIC, CLIENT_PUBLIC, CLIENT_SECRET
    return socket


def bodies():
    return [bytes([size % 251]) * size for size in SIZES]


def bind(folder, tell):
    """The side that binds: answers, publishes, hands out and collects."""
    context = zmq.Context()
    kinds = [zmq.REP, zmq.REP, zmq.ROUTER, zmq.XPUB, zmq.PUSH, zmq.PULL]
    sockets = [opened(context, kind) for kind in kinds]
    secured(sockets[1], True)
    for number, socket in enumerate(sockets):
        if number % 2:
            socket.bind("ipc://%s/%d" % (folder, number))
        else:
            socket.bind("tcp://127.0.0.1:*")
    tell(" ".join(socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode() for socket in sockets))
    plain, secure, router, publisher, giver, taker = sockets
    for _ in bodies():
        plain.send_multipart(plain.recv_multipart())
    for _ in bodies():
        secure.send_multipart(secure.recv_multipart())
    for _ in bodies():
        router.send_multipart(router.recv_multipart())
    assert publisher.recv() == b"\1news"
    for body in bodies():
        publisher.send_multipart([b"other", body])
        publisher.send_multipart([b"news", body])
    for number in range(5000):
        giver.send(b"%d" % number)
    for number in range(5000):
        assert taker.recv() == b"%d" % number
    plain.send_multipart(plain.recv_multipart())
    context.destroy()


def connect(endpoints):
    """The side that connects: asks, subscribes, takes and hands in."""
    context = zmq.Context()
    kinds = [zmq.REQ, zmq.REQ, zmq.DEALER, zmq.SUB, zmq.PULL, zmq.PUSH]
    sockets = [opened(context, kind) for kind in kinds]
    plain, secure, dealer, subscriber, taker, giver = sockets
    secured(secure, False)
    subscriber.subscribe("news")
    for socket, endpoint in zip(sockets, endpoints):
        socket.connect(endpoint)
    for socket in [plain, secure, dealer]:
        for body in bodies():
            socket.send_multipart([b"first", b"", body])
            assert socket.recv_multipart() == [b"first", b"", body]
    for body in bodies():
        assert subscriber.recv_multipart() == [b"news", body]
    for number in range(5000):
        assert taker.recv() == b"%d" % number
    for number in range(5000):
        giver.send(b"%d" % number)
    plain.send(b"all came")
    assert plain.recv() == b"all came"
    # Nothing is under way any more. The other side may be gone: a SUB of libzmq would then linger with its subscriptions.
    context.destroy(linger=0)


def other_side(interpreter, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    command = [interpreter, os.path.abspath(__file__), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, universal_newlines=True)


def both_ways(interpreter):
    import tempfile

    assert zmq.zmq_version() == "4.3.6", "this side is on our library"
    for there in ["connect", "bind"]:
        with tempfile.TemporaryDirectory() as folder, other_side(interpreter, there, folder) as other:
            version = other.stdout.readline().strip()
            assert version and version != "4.3.6", "the other side is on libzmq's own: %r" % version
            if there == "bind":
                connect(other.stdout.readline().split())
            else:

                def tell(endpoints):
                    other.stdin.write(endpoints + "\n")
                    other.stdin.flush()

                bind(folder, tell)
            assert other.wait(60) == 0
        print("pip's pyzmq on libzmq %s does %s, and we the other thing" % (version, there))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        both_ways(sys.argv[1])
    else:
        print(zmq.zmq_version(), flush=True)
        if sys.argv[1] == "bind":
            bind(sys.argv[2], lambda endpoints: print(endpoints, flush=True))
        else:
            connect(sys.stdin.readline().split())
