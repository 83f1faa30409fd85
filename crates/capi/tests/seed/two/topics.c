/* Publishers and subscribers. */
#include "two.h"

/* E2.7: ENDPOINT ENDPOINT */
static void wuserver(char **arguments)
{
    void *context = zmq_init(1), *publisher = bound(context, ZMQ_PUB, arguments[0]);
    bind_and_tell(publisher, arguments[1]);
    for (;;) {
        char update[40];
        snprintf(update, sizeof update, "%05d %d %d", below(10) + 10000, below(215) - 80, below(50) + 10);
        s_send(publisher, update);
    }
}

/* E2.8, E2.15: ENDPOINT TOPIC */
static void wuclient(char **arguments)
{
    void *context = zmq_init(1), *subscriber = subscribed(context, arguments[0], arguments[1]);
    long total = 0;
    for (int number = 0; number < 100; number++) {
        int place, temperature, humidity;
        char *string = s_recv(subscriber);
        MUST(sscanf(string, "%d %d %d", &place, &temperature, &humidity) == 3 && place == atoi(arguments[1]));
        total += temperature;
        free(string);
    }
    printf("Average temperature for zipcode '%s' was %dF\n", arguments[1], (int)(total / 100));
    FINISH(context, subscriber);
}

/* E2.27: UPSTREAM ENDPOINT. Everything, part by part. */
static void wuproxy(char **arguments)
{
    void *context = zmq_init(1);
    void *frontend = subscribed(context, arguments[0], ""), *backend = bound(context, ZMQ_PUB, arguments[1]);
    for (;;)
        pass_on(frontend, backend);
}

/* E2.39: ENDPOINT */
static void psenvpub(char **arguments)
{
    void *context = zmq_init(1), *publisher = bound(context, ZMQ_PUB, arguments[0]);
    for (;;) {
        s_sendmore(publisher, "A");
        s_send(publisher, "We don't want to see this");
        s_sendmore(publisher, "B");
        s_send(publisher, "We would like to see this");
        work(1);
    }
}

/* E2.40: ENDPOINT */
static void psenvsub(char **arguments)
{
    void *context = zmq_init(1), *subscriber = subscribed(context, arguments[0], "B");
    for (int number = 0; number < 3; number++) {
        char *address = s_recv(subscriber);
        MUST(has_more(subscriber));
        char *contents = s_recv(subscriber);
        MUST(!has_more(subscriber));
        printf("[%s] %s\n", address, contents);
        free(address);
        free(contents);
    }
    FINISH(context, subscriber);
}

enum { UPDATES = 20000, SUBSCRIBERS = 10 };

/* E2.34: UPDATES SIGNALS. Two connections have no order, so it says Hello until all have heard it. */
static void syncpub(char **arguments)
{
    void *context = zmq_init(1);
    void *publisher = bound(context, ZMQ_PUB, arguments[0]), *service = bound(context, ZMQ_REP, arguments[1]);
    for (int subscribers = 0; subscribers < SUBSCRIBERS;) {
        s_send(publisher, "Hello");
        if (has_mail(service, 1)) {
            s_expect(service, "");
            s_send(service, "");
            subscribers++;
        }
    }
    for (int number = 0; number < UPDATES; number++)
        s_send(publisher, "Rhubarb");
    s_send(publisher, "END");
    FINISH(context, publisher, service);
}

/* E2.35: UPDATES SIGNALS */
static void syncsub(char **arguments)
{
    void *context = zmq_init(1);
    void *subscriber = subscribed(context, arguments[0], ""), *client = connected(context, ZMQ_REQ, arguments[1]);
    int updates = 0, over = 0;
    s_expect(subscriber, "Hello");
    s_send(client, "");
    s_expect(client, "");
    while (!over) {
        char *string = s_recv(subscriber);
        over = strcmp(string, "END") == 0;
        updates += strcmp(string, "Rhubarb") == 0;
        free(string);
    }
    printf("Received %d updates\n", updates);
    FINISH(context, subscriber, client);
}

/* E2.41: UPDATES SIGNALS */
static void durapub(char **arguments)
{
    void *context = zmq_init(1);
    void *publisher = zmq_socket(context, ZMQ_PUB);
    /* E2.45: a limit; the swap that was to hold the rest is gone. */
    uint64_t hwm = 1000, swap = 25000000;
    MUST(zmq_setsockopt(publisher, ZMQ_HWM, &hwm, sizeof hwm) == 0);
    FAILS(zmq_setsockopt(publisher, ZMQ_SWAP, &swap, sizeof swap), EINVAL);
    bind_and_tell(publisher, arguments[0]);
    void *sync = bound(context, ZMQ_PULL, arguments[1]);
    /* Nothing is kept for who is not there, so nothing counts before its first word is heard. */
    while (!has_mail(sync, 1))
        s_send(publisher, "");
    s_expect(sync, "");
    for (int number = 0; number < 10; number++) {
        char string[20];
        snprintf(string, sizeof string, "Update %d", number);
        s_send(publisher, string);
    }
    s_send(publisher, "END");
    FINISH(context, sync, publisher);
}

/* E2.42: UPDATES SIGNALS. With an identity, which makes nothing durable any more. */
static void durasub(char **arguments)
{
    void *context = zmq_init(1), *subscriber = zmq_socket(context, ZMQ_SUB);
    void *sync = connected(context, ZMQ_PUSH, arguments[1]);
    MUST(zmq_setsockopt(subscriber, ZMQ_IDENTITY, "Hello", 5) == 0);
    MUST(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "", 0) == 0 && zmq_connect(subscriber, arguments[0]) == 0);
    s_expect(subscriber, "");
    s_send(sync, "");
    for (int over = 0; !over;) {
        char *string = s_recv(subscriber);
        if (*string)
            puts(string);
        over = strcmp(string, "END") == 0;
        free(string);
    }
    FINISH(context, subscriber, sync);
}

static void *subscriber_named_hello(void *context)
{
    void *subscriber = named(context, ZMQ_SUB, "Hello", "inproc://durable");
    MUST(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "", 0) == 0);
    return subscriber;
}

/* E2.42, C167, C169: what is published while a named subscriber is away is not for it. Its coming and going are seen by an
 * XPUB, which a program of 2.x did not have. */
static void away(char **arguments)
{
    void *context = zmq_init(1), *publisher = bound(context, ZMQ_XPUB, "inproc://durable");
    void *subscriber = subscriber_named_hello(context);
    (void)arguments;
    s_expect(publisher, "\1");
    s_send(publisher, "Update 0");
    s_expect(subscriber, "Update 0");
    MUST(zmq_close(subscriber) == 0);
    free(s_recv(publisher));
    s_send(publisher, "Update 1");
    subscriber = subscriber_named_hello(context);
    s_expect(publisher, "\1");
    s_send(publisher, "Update 2");
    s_expect(subscriber, "Update 2");
    puts("Update 1 was missed");
    FINISH(context, publisher, subscriber);
}

const struct program topics[] = {
    {"wuserver", wuserver}, {"wuclient", wuclient}, {"wuproxy", wuproxy}, {"psenvpub", psenvpub},
    {"psenvsub", psenvsub}, {"syncpub", syncpub},   {"syncsub", syncsub}, {"durapub", durapub},
    {"durasub", durasub},   {"away", away},         {NULL, NULL},
};
