"""aiozmq: sockets as asyncio's transports, and calls over them."""

import asyncio

import aiozmq
import aiozmq.rpc
import zmq


class Adder(aiozmq.rpc.AttrHandler):
    @aiozmq.rpc.method
    def add(self, one: int, other: int) -> int:
        return one + other


async def main():
    server = await aiozmq.rpc.serve_rpc(Adder(), bind="tcp://127.0.0.1:*")
    client = await aiozmq.rpc.connect_rpc(connect=next(iter(server.transport.bindings())))
    answers = await asyncio.gather(*[client.call.add(n, n) for n in range(500)])
    assert answers == [2 * n for n in range(500)]

    reader = await aiozmq.create_zmq_stream(zmq.DEALER, bind="tcp://127.0.0.1:*")
    endpoint = next(iter(reader.transport.bindings()))
    writer = await aiozmq.create_zmq_stream(zmq.DEALER, connect=endpoint)
    for n in range(200):
        writer.write([b"%d" % n, b""])
        assert await reader.read() == [b"%d" % n, b""]
    for end in (client, server, reader, writer):
        end.close()


asyncio.run(main())
