/* An authenticator (ZAP, RFC 27) in the application, and peers that it knows or does not know: PLAIN and NULL. */
#include "zmq.h"
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s (errno %d: %s)\n", __FILE__, __LINE__, #condition, zmq_errno(),                          \
                   zmq_strerror(zmq_errno()));                                                                         \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static void *context;

static void set(void *socket, int option, const char *text)
{
    MUST(zmq_setsockopt(socket, option, text, strlen(text)) == 0);
}

static void set_int(void *socket, int option, int value)
{
    MUST(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

static void *open_socket(int type)
{
    void *socket = zmq_socket(context, type);
    MUST(socket != NULL);
    set_int(socket, ZMQ_LINGER, 0);
    return socket;
}

/* Answers until the context ends: 200 to "me" with "secret" in "home", and to everybody with NULL in "open". */
static void authenticator(void *handler)
{
    char frames[10][256];
    int count, size;
    for (;;) {
        memset(frames, 0, sizeof frames);
        count = 0;
        do {
            int more;
            size_t length = sizeof more;
            size = zmq_recv(handler, frames[count], 255, 0);
            if (size < 0 || zmq_getsockopt(handler, ZMQ_RCVMORE, &more, &length) != 0)
                break;
            count += 1;
            if (!more)
                break;
        } while (count < 10);
        if (size < 0)
            break;
        /* version, request, domain, address, routing id, mechanism, credentials */
        MUST(count >= 6 && strcmp(frames[0], "1.0") == 0 && strcmp(frames[3], "127.0.0.1") == 0);
        int plain = strcmp(frames[5], "PLAIN") == 0;
        int known = plain ? strcmp(frames[2], "home") == 0 && strcmp(frames[6], "me") == 0 && strcmp(frames[7], "secret") == 0
                          : strcmp(frames[2], "open") == 0;
        const char *answer[] = {"1.0", frames[1], known ? "200" : "400", known ? "OK" : "who is this?", known ? "user 7" : "", ""};
        for (int part = 0; part < 6; part++)
            MUST(zmq_send(handler, answer[part], strlen(answer[part]), part < 5 ? ZMQ_SNDMORE : 0) >= 0);
    }
    MUST(zmq_errno() == ETERM);
    MUST(zmq_close(handler) == 0);
}

static void *server_of(const char *domain, char *endpoint)
{
    size_t size = 256;
    void *server = open_socket(ZMQ_REP);
    set(server, ZMQ_ZAP_DOMAIN, domain);
    if (strcmp(domain, "home") == 0)
        set_int(server, ZMQ_PLAIN_SERVER, 1);
    MUST(zmq_bind(server, "tcp://127.0.0.1:*") == 0);
    MUST(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
    return server;
}

static void is_served(void *server, void *client)
{
    zmq_msg_t message;
    MUST(zmq_send(client, "let me in", 9, 0) == 9);
    MUST(zmq_msg_init(&message) == 0 && zmq_msg_recv(&message, server, 0) == 9);
    MUST(strcmp(zmq_msg_gets(&message, "User-Id"), "user 7") == 0);
    MUST(zmq_msg_close(&message) == 0);
    MUST(zmq_close(client) == 0);
    MUST(zmq_send(server, "", 0, 0) == 0);
}

static int next_event(void *monitor, uint32_t *number)
{
    unsigned char head[6];
    char endpoint[256];
    uint16_t event;
    MUST(zmq_recv(monitor, head, sizeof head, 0) == 6 && zmq_recv(monitor, endpoint, sizeof endpoint, 0) >= 0);
    memcpy(&event, head, 2);
    memcpy(number, head + 2, 4);
    return event;
}

/* The number with which the server's monitor tells of the next handshake that fails in this way. Who was refused may have
 * come again before it was closed. */
static uint32_t failure(void *monitor, int wanted)
{
    for (;;) {
        uint32_t number;
        int event = next_event(monitor, &number);
        if (event == wanted)
            return number;
        MUST(!(event & (ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)));
    }
}

int main(void)
{
    char plain[256], open_to_all[256];
    uint32_t number;
    context = zmq_ctx_new();
    void *handler = open_socket(ZMQ_REP);
    MUST(zmq_bind(handler, "inproc://zeromq.zap.01") == 0);
    void *thread = zmq_threadstart(authenticator, handler);
    void *server = server_of("home", plain), *monitor = open_socket(ZMQ_PAIR), *client = open_socket(ZMQ_REQ);
    MUST(zmq_socket_monitor(server, "inproc://events", ZMQ_EVENT_ALL) == 0 && zmq_connect(monitor, "inproc://events") == 0);

    set(client, ZMQ_PLAIN_USERNAME, "me");
    set(client, ZMQ_PLAIN_PASSWORD, "secret");
    MUST(zmq_connect(client, plain) == 0);
    is_served(server, client);

    client = open_socket(ZMQ_REQ);
    set(client, ZMQ_PLAIN_USERNAME, "me");
    set(client, ZMQ_PLAIN_PASSWORD, "a guess");
    MUST(zmq_connect(client, plain) == 0);
    MUST(failure(monitor, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) == 400);
    while (next_event(monitor, &number) != ZMQ_EVENT_DISCONNECTED)
        ;
    MUST(zmq_close(client) == 0);

    client = open_socket(ZMQ_REQ);
    MUST(zmq_connect(client, plain) == 0);
    MUST(failure(monitor, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    MUST(zmq_close(client) == 0);

    void *other = server_of("open", open_to_all);
    client = open_socket(ZMQ_REQ);
    MUST(zmq_connect(client, open_to_all) == 0);
    is_served(other, client);

    MUST(zmq_close(server) == 0);
    int event;
    while ((event = next_event(monitor, &number)) != ZMQ_EVENT_CLOSED)
        MUST(event != ZMQ_EVENT_MONITOR_STOPPED);
    while (next_event(monitor, &number) != ZMQ_EVENT_MONITOR_STOPPED)
        ;
    MUST(zmq_close(other) == 0 && zmq_close(monitor) == 0);
    MUST(zmq_ctx_shutdown(context) == 0);
    zmq_threadclose(thread);
    MUST(zmq_ctx_term(context) == 0);
    puts("who is who is known");
    return 0;
}
