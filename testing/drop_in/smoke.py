"""Debian's python3-zmq, unchanged, on whatever libzmq.so.5 the loader finds: what programs do first."""

import asyncio
import threading

import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message, recv_monitor_message

DEADLINE = 30_000  # milliseconds; it only has to end


def pair(context, here, there):
    bound, connected = context.socket(here), context.socket(there)
    bound.rcvtimeo = connected.rcvtimeo = bound.sndtimeo = connected.sndtimeo = DEADLINE
    connected.connect("tcp://127.0.0.1:%d" % bound.bind_to_random_port("tcp://127.0.0.1"))
    return bound, connected


def ask_and_answer(context):
    server, client = pair(context, zmq.REP, zmq.REQ)
    for parts in [[b"one"], [b"one", b"", b"three" * 100_000]]:
        client.send_multipart(parts)
        assert server.recv_multipart() == parts
        server.send_multipart(parts, copy=False)
        assert [frame.bytes for frame in client.recv_multipart(copy=False)] == parts
    try:
        client.recv(zmq.NOBLOCK)
        raise AssertionError("a REQ receives nothing before it asked")
    except zmq.ZMQError as error:
        assert error.errno == zmq.EFSM


def publish(context):
    publisher, subscriber = pair(context, zmq.XPUB, zmq.SUB)
    subscriber.subscribe("weather")
    assert publisher.recv() == b"\1weather"
    publisher.send_string("sports 3:1")
    publisher.send_string("weather sunny")
    assert subscriber.recv_string() == "weather sunny"


def poll(context):
    pull, push = pair(context, zmq.PULL, zmq.PUSH)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    assert poller.poll(0) == []
    push.send(b"work")
    assert poller.poll(DEADLINE) == [(pull, zmq.POLLIN)]
    assert pull.recv() == b"work"


def watch(context):
    server, client = context.socket(zmq.REP), context.socket(zmq.REQ)
    monitor = client.get_monitor_socket()
    monitor.rcvtimeo = DEADLINE
    client.connect("tcp://127.0.0.1:%d" % server.bind_to_random_port("tcp://127.0.0.1"))
    seen = set()
    while zmq.EVENT_HANDSHAKE_SUCCEEDED not in seen:
        event = recv_monitor_message(monitor)
        assert event["endpoint"].startswith(b"tcp://127.0.0.1:")
        seen.add(event["event"])
    assert zmq.EVENT_CONNECTED in seen
    client.disable_monitor()
    while parse_monitor_message(monitor.recv_multipart())["event"] != zmq.EVENT_MONITOR_STOPPED:
        pass


async def loops(context):
    router, dealer = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    dealer.connect("tcp://127.0.0.1:%d" % router.bind_to_random_port("tcp://127.0.0.1"))

    async def serve(count):
        for _ in range(count):
            await router.send_multipart(await router.recv_multipart())

    async def ask(count):
        for number in range(count):
            await dealer.send(b"%d" % number)
        return [await dealer.recv() for _ in range(count)]

    answers, _ = await asyncio.gather(ask(500), serve(500))
    assert answers == [b"%d" % number for number in range(500)]
    router.close()
    dealer.close()


def proxy(context):
    front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    ports = [side.bind_to_random_port("tcp://127.0.0.1") for side in (front, back)]
    queue = threading.Thread(target=lambda: until_the_end(zmq.proxy, front, back))
    queue.start()
    client, server = context.socket(zmq.REQ), context.socket(zmq.REP)
    client.connect("tcp://127.0.0.1:%d" % ports[0])
    server.connect("tcp://127.0.0.1:%d" % ports[1])
    client.send(b"through")
    server.send(server.recv())
    assert client.recv() == b"through"
    client.close(), server.close()
    context.term()
    queue.join()


def until_the_end(run, *sockets):
    try:
        run(*sockets)
    except zmq.ContextTerminated:
        for socket in sockets:
            socket.close()


context = zmq.Context()
for story in [ask_and_answer, publish, poll, watch]:
    story(context)
context.destroy(linger=0)
context = zmq.asyncio.Context()
asyncio.run(asyncio.wait_for(loops(context), 60))
context.term()
proxy(zmq.Context())
print("all is well with libzmq", zmq.zmq_version())
