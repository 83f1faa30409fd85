/* Questions, answers and brokers between them. */
#include "../seed.h"

/* E1.1: ENDPOINT */
static void hwserver(char **arguments)
{
    void *context = zmq_ctx_new(), *responder = bound(context, ZMQ_REP, arguments[0]);
    for (;;) {
        char buffer[10];
        MUST(zmq_recv(responder, buffer, sizeof buffer, 0) == 5);
        puts("Received Hello");
        work(1);
        MUST(zmq_send(responder, "World", 5, 0) == 5);
    }
}

/* E1.2: ENDPOINT */
static void hwclient(char **arguments)
{
    void *context = zmq_ctx_new(), *requester = connected(context, ZMQ_REQ, arguments[0]);
    for (int number = 0; number < 10; number++) {
        char buffer[10];
        printf("Sending Hello %d...\n", number);
        MUST(zmq_send(requester, "Hello", 5, 0) == 5);
        MUST(zmq_recv(requester, buffer, sizeof buffer, 0) == 5 && memcmp(buffer, "World", 5) == 0);
        printf("Received World %d\n", number);
    }
    FINISH(context, requester);
}

/* E1.16, and E1.31 with another wording: ENDPOINT */
static void rrclient(char **arguments)
{
    void *context = zmq_ctx_new(), *requester = connected(context, ZMQ_REQ, arguments[0]);
    for (int number = 0; number < 10; number++) {
        s_send(requester, "Hello");
        char *string = s_recv(requester);
        printf("Received reply %d [%s], Reply[%d]: %s\n", number, string, number + 1, string);
        free(string);
    }
    FINISH(context, requester);
}

/* E1.17: ENDPOINT */
static void rrworker(char **arguments)
{
    void *context = zmq_ctx_new(), *responder = connected(context, ZMQ_REP, arguments[0]);
    for (;;) {
        char *string = s_recv(responder);
        printf("Received request: [%s]\n", string);
        free(string);
        work(1);
        s_send(responder, "World");
    }
}

/* E1.18: FRONTEND BACKEND */
static void rrbroker(char **arguments)
{
    void *context = zmq_ctx_new();
    void *frontend = bound(context, ZMQ_ROUTER, arguments[0]), *backend = bound(context, ZMQ_DEALER, arguments[1]);
    zmq_pollitem_t items[] = {{frontend, 0, ZMQ_POLLIN, 0}, {backend, 0, ZMQ_POLLIN, 0}};
    for (;;) {
        MUST(zmq_poll(items, 2, -1) > 0);
        if (items[0].revents & ZMQ_POLLIN)
            MUST(pass_on(frontend, backend) == 3);
        if (items[1].revents & ZMQ_POLLIN)
            MUST(pass_on(backend, frontend) == 3);
    }
}

/* E1.19 and E1.20: FRONTEND BACKEND */
static void msgqueue(char **arguments)
{
    void *context = zmq_ctx_new();
    void *frontend = bound(context, ZMQ_ROUTER, arguments[0]), *backend = bound(context, ZMQ_DEALER, arguments[1]);
    zmq_proxy(frontend, backend, NULL);
}

static void *capturing(void *context)
{
    void *frontend = bound(context, ZMQ_ROUTER, "inproc://front"), *backend = bound(context, ZMQ_DEALER, "inproc://back");
    void *capture = connected(context, ZMQ_PUSH, "inproc://capture");
    MUST(zmq_proxy(frontend, backend, capture) == -1 && errno == ETERM);
    zmq_close(frontend);
    zmq_close(backend);
    zmq_close(capture);
    return NULL;
}

/* E0.10: what passes the proxy comes to the capture socket too, both ways. */
static void captured(char **arguments)
{
    void *context = zmq_ctx_new(), *copies = bound(context, ZMQ_PULL, "inproc://capture");
    (void)arguments;
    pthread_t proxy = start(capturing, context);
    void *asker = connected(context, ZMQ_REQ, "inproc://front"), *answerer = connected(context, ZMQ_REP, "inproc://back");
    s_send(asker, "Hello");
    s_expect(answerer, "Hello");
    s_send(answerer, "World");
    s_expect(asker, "World");
    for (int way = 0; way < 2; way++) {
        free(s_recv(copies));
        s_expect(copies, "");
        char *body = s_recv(copies);
        printf("captured [%s]\n", body);
        free(body);
        MUST(!has_more(copies));
    }
    const int zero = 0;
    void *sockets[] = {asker, answerer, copies};
    for (int index = 0; index < 3; index++) {
        zmq_setsockopt(sockets[index], ZMQ_LINGER, &zero, sizeof zero);
        MUST(zmq_close(sockets[index]) == 0);
    }
    MUST(zmq_ctx_term(context) == 0);
    join(proxy);
}

/* E1.29: ENDPOINT. A message of five octets, whatever the string. */
static void notes_server(char **arguments)
{
    void *context = zmq_ctx_new(), *responder = bound(context, ZMQ_REP, arguments[0]);
    for (;;) {
        char *request = s_recv(responder);
        printf("Request: %s\n", request);
        free(request);
        work(1);
        zmq_msg_t reply;
        MUST(zmq_msg_init_size(&reply, 5) == 0);
        memcpy(zmq_msg_data(&reply), "World", 5);
        MUST(zmq_msg_send(&reply, responder, 0) == 5);
        zmq_msg_close(&reply);
    }
}

/* E1.30: ENDPOINT. It asks for as long as it lives. */
static void notes_client(char **arguments)
{
    void *context = zmq_ctx_new(), *requester = connected(context, ZMQ_REQ, arguments[0]);
    for (;;) {
        s_send(requester, "Hello");
        char *reply = s_recv(requester);
        printf("Reply: %s\n", reply);
        free(reply);
    }
}

/* E1.32: FRONTEND BACKEND. Whether more follows is asked of the socket, in an int; polls may come to nothing. */
static void notes_broker(char **arguments)
{
    void *context = zmq_ctx_new();
    void *sockets[] = {bound(context, ZMQ_ROUTER, arguments[0]), bound(context, ZMQ_DEALER, arguments[1])};
    zmq_pollitem_t items[] = {{sockets[0], 0, ZMQ_POLLIN, 0}, {sockets[1], 0, ZMQ_POLLIN, 0}};
    for (;;) {
        if (zmq_poll(items, 2, 100) == 0)
            continue;
        for (int side = 0; side < 2; side++) {
            int more = items[side].revents & ZMQ_POLLIN;
            while (more) {
                zmq_msg_t part;
                zmq_msg_init(&part);
                MUST(zmq_msg_recv(&part, sockets[side], 0) >= 0);
                more = has_more(sockets[side]);
                MUST(zmq_msg_send(&part, sockets[1 - side], more ? ZMQ_SNDMORE : 0) >= 0);
                zmq_msg_close(&part);
            }
        }
    }
}

/* E1.33, C8: one REQ, three REPs that are connected before the first question: each in its turn. */
static void many_servers(char **arguments)
{
    void *context = zmq_ctx_new(), *requester = zmq_socket(context, ZMQ_REQ), *servers[3];
    (void)arguments;
    for (int index = 0; index < 3; index++) {
        char endpoint[] = {"inproc://A"};
        endpoint[9] += index;
        servers[index] = bound(context, ZMQ_REP, endpoint);
        MUST(zmq_connect(requester, endpoint) == 0);
    }
    for (int number = 0; number < 4; number++) {
        s_send(requester, "R");
        s_expect(servers[number % 3], "R");
        printf("R%d -> %c\n", number + 1, 'A' + number % 3);
        s_send(servers[number % 3], "");
        s_expect(requester, "");
    }
    FINISH(context, requester, servers[0], servers[1], servers[2]);
}

/* E1.10: ONE TWO. A socket with three endpoints of two kinds serves clients of all. */
static void multi_bind(char **arguments)
{
    void *context = zmq_ctx_new(), *server = zmq_socket(context, ZMQ_REP);
    const char *endpoints[] = {arguments[0], arguments[1], "inproc://somename"};
    void *clients[3];
    for (int index = 0; index < 3; index++) {
        bind_and_tell(server, endpoints[index]);
        clients[index] = connected(context, ZMQ_REQ, last_endpoint(server));
    }
    for (int index = 0; index < 3; index++) {
        s_send(clients[index], "Hello");
        s_expect(server, "Hello");
        s_send(server, "World");
        s_expect(clients[index], "World");
        printf("served at %d\n", index);
    }
    FINISH(context, server, clients[0], clients[1], clients[2]);
}

const struct program requests[] = {
    {"hwserver", hwserver},         {"hwclient", hwclient},         {"rrclient", rrclient},
    {"rrworker", rrworker},         {"rrbroker", rrbroker},         {"msgqueue", msgqueue},
    {"captured", captured},         {"notes_server", notes_server}, {"notes_client", notes_client},
    {"notes_broker", notes_broker}, {"many_servers", many_servers}, {"multi_bind", multi_bind},
    {NULL, NULL},
};
