/* Monitors of both versions. */

#include "must.h"

static void *watch(void *context, void *socket, const char *endpoint, uint64_t events, int version, int type)
{
    static const int others[] = {[ZMQ_PAIR] = ZMQ_PAIR, [ZMQ_PUSH] = ZMQ_PULL};
    void *monitor = open_socket(context, others[type]);
    MUST(zmq_socket_monitor_versioned(socket, endpoint, events, version, type) == 0);
    MUST(zmq_connect(monitor, endpoint) == 0);
    return monitor;
}

/* The number that comes with the next event of this kind. */
static uint64_t first_version(void *monitor, uint16_t wanted, const char *endpoint)
{
    unsigned char head[6];
    char text[256] = {0};
    uint16_t event;
    uint32_t value;
    do {
        MUST(zmq_recv(monitor, head, sizeof head, 0) == 6 && int_option(monitor, ZMQ_RCVMORE) == 1);
        MUST(zmq_recv(monitor, text, sizeof text - 1, 0) >= 0 && int_option(monitor, ZMQ_RCVMORE) == 0);
        memcpy(&event, head, sizeof event);
        memcpy(&value, head + 2, sizeof value);
    } while (event != wanted);
    MUST(endpoint == NULL || strcmp(text, endpoint) == 0);
    return value;
}

static int second_version(void *monitor, uint64_t wanted, uint64_t values[2])
{
    uint64_t event, count, unused;
    char text[256];
    do {
        MUST(zmq_recv(monitor, &event, sizeof event, 0) == 8 && zmq_recv(monitor, &count, sizeof count, 0) == 8);
        for (uint64_t at = 0; at < count; at++)
            MUST(zmq_recv(monitor, at < 2 ? &values[at] : &unused, sizeof unused, 0) == 8);
        MUST(zmq_recv(monitor, text, sizeof text, 0) >= 0 && int_option(monitor, ZMQ_RCVMORE) == 1);
        MUST(zmq_recv(monitor, text, sizeof text, 0) >= 0 && int_option(monitor, ZMQ_RCVMORE) == 0);
    } while (event != wanted);
    return (int)count;
}

int main(void)
{
    void *context = zmq_ctx_new(), *pull = open_socket(context, ZMQ_PULL), *push = open_socket(context, ZMQ_PUSH);
    void *server, *client;
    char endpoint[256];
    uint64_t values[2];

    FAILS(zmq_socket_monitor(pull, "tcp://127.0.0.1:1", ZMQ_EVENT_ALL), EPROTONOSUPPORT);
    FAILS(zmq_socket_monitor(pull, "nonsense", ZMQ_EVENT_ALL), EINVAL);
    FAILS(zmq_socket_monitor_versioned(pull, "inproc://m", ZMQ_EVENT_ALL, 3, ZMQ_PAIR), EINVAL);
    FAILS(zmq_socket_monitor_versioned(pull, "inproc://m", 0x10000, 1, ZMQ_PAIR), EINVAL);
    FAILS(zmq_socket_monitor_versioned(pull, "inproc://m", ZMQ_EVENT_ALL, 2, ZMQ_REQ), EINVAL);
    FAILS(zmq_socket_monitor_pipes_stats(pull), EINVAL);
    MUST(zmq_socket_monitor(pull, NULL, 0) == 0);

    server = watch(context, pull, "inproc://server", ZMQ_EVENT_ALL, 1, ZMQ_PAIR);
    client = watch(context, push, "inproc://client", ZMQ_EVENT_ALL_V2, 2, ZMQ_PUSH);
    MUST(zmq_bind(pull, "tcp://127.0.0.1:*") == 0);
    strcpy(endpoint, last_endpoint(pull));
    MUST(first_version(server, ZMQ_EVENT_LISTENING, endpoint) > 2);
    MUST(zmq_connect(push, endpoint) == 0);
    MUST(first_version(server, ZMQ_EVENT_ACCEPTED, endpoint) > 2);
    first_version(server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, endpoint);
    MUST(second_version(client, ZMQ_EVENT_CONNECTED, values) == 1 && values[0] > 2);
    second_version(client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, values);
    MUST(zmq_socket_monitor_pipes_stats(push) == 0);
    MUST(second_version(client, ZMQ_EVENT_PIPES_STATS, values) == 2 && values[0] == 0 && values[1] == 0);
    MUST(zmq_disconnect(push, endpoint) == 0);
    first_version(server, ZMQ_EVENT_DISCONNECTED, endpoint);

    /* Stopped by a call, or with the socket. */
    MUST(zmq_socket_monitor(pull, NULL, 0) == 0);
    first_version(server, ZMQ_EVENT_MONITOR_STOPPED, "");
    MUST(zmq_close(push) == 0);
    second_version(client, ZMQ_EVENT_MONITOR_STOPPED, values);
    MUST(zmq_close(pull) == 0 && zmq_close(server) == 0 && zmq_close(client) == 0 && zmq_ctx_term(context) == 0);
    puts("all is well");
    return 0;
}
