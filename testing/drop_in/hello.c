/* A program of CZMQ: linked to Debian's libczmq, which knows nothing of us. */
#include <czmq.h>

static void echo(zsock_t *pipe, void *unused)
{
    zsock_t *server = zsock_new(ZMQ_REP);
    int port = zsock_bind(server, "tcp://127.0.0.1:*");
    zpoller_t *poller = zpoller_new(pipe, server, NULL);
    (void)unused;
    zsock_signal(pipe, 0);
    zstr_sendf(pipe, "%d", port);
    while (zpoller_wait(poller, -1) == server) {
        zmsg_t *message = zmsg_recv(server);
        zmsg_send(&message, server);
    }
    zpoller_destroy(&poller);
    zsock_destroy(&server);
}

int main(void)
{
    zactor_t *server = zactor_new(echo, NULL);
    char *port = zstr_recv(server), *answer, *rest;
    zsock_t *client = zsock_new(ZMQ_REQ);
    assert(zsock_connect(client, "tcp://127.0.0.1:%s", port) == 0);
    for (int round = 0; round < 100; round++) {
        assert(zstr_sendx(client, "hello", "world", NULL) == 0);
        assert(zstr_recvx(client, &answer, &rest, NULL) == 2);
        assert(streq(answer, "hello") && streq(rest, "world"));
        zstr_free(&answer);
        zstr_free(&rest);
    }
    zstr_free(&port);
    zsock_destroy(&client);
    zactor_destroy(&server);
    puts("all is well with CZMQ");
    return 0;
}
