/* Publishers and subscribers. */
#include "../seed.h"

/* E1.5: ENDPOINT [PLACES]. As fast as it can, whoever listens: for all places, or so many from 10000 on. */
static void wuserver(char **arguments)
{
    void *context = zmq_ctx_new(), *publisher = bound(context, ZMQ_PUB, arguments[0]);
    int first = arguments[1] ? 10000 : 0, places = arguments[1] ? atoi(arguments[1]) : 100000;
    for (;;) {
        char update[40];
        snprintf(update, sizeof update, "%05d %d %d", first + below(places), below(215) - 80, below(50) + 10);
        s_send(publisher, update);
    }
}

/* E1.6: ENDPOINT [TOPIC] */
static void wuclient(char **arguments)
{
    const char *filter = arguments[1] ? arguments[1] : "10001 ";
    void *context = zmq_ctx_new(), *subscriber = subscribed(context, arguments[0], filter);
    long total = 0;
    for (int number = 0; number < 100; number++) {
        int place, temperature, humidity;
        char *string = s_recv(subscriber);
        MUST(strncmp(string, filter, strlen(filter)) == 0);
        MUST(sscanf(string, "%d %d %d", &place, &temperature, &humidity) == 3);
        MUST(temperature >= -80 && temperature < 135 && humidity >= 10 && humidity < 60);
        total += temperature;
        free(string);
    }
    printf("Average temperature for zipcode '%s' was %dF\n", filter, (int)(total / 100));
    FINISH(context, subscriber);
}

/* E1.23: ENDPOINT ENDPOINT */
static void publisher(char **arguments)
{
    void *context = zmq_ctx_new(), *publisher = bound(context, ZMQ_PUB, arguments[0]);
    bind_and_tell(publisher, arguments[1]);
    for (int number = 0;; number++) {
        char update[40];
        snprintf(update, sizeof update, "%d %d %d", number % 10, below(215) - 80, below(50) + 10);
        printf("send %s\n", update);
        s_send(publisher, update);
        work(1);
    }
}

/* E1.24: ENDPOINT. Two subscriptions add up. */
static void subscriber(char **arguments)
{
    void *context = zmq_ctx_new(), *subscriber = subscribed(context, arguments[0], "8");
    int seen[2] = {0, 0};
    MUST(zmq_setsockopt(subscriber, ZMQ_SUBSCRIBE, "5", 1) == 0);
    while (seen[0] < 3 || seen[1] < 3) {
        char *string = s_recv(subscriber);
        MUST(string[0] == '8' || string[0] == '5');
        seen[string[0] == '5']++;
        free(string);
    }
    puts("both topics, and no other");
    FINISH(context, subscriber);
}

/* E1.25: ENDPOINT NUMBER. A publisher that connects. */
static void puber(char **arguments)
{
    void *context = zmq_ctx_new(), *publisher = connected(context, ZMQ_PUB, arguments[0]);
    for (;;) {
        char update[80];
        snprintf(update, sizeof update, "puber%s %05d %d %d", arguments[1], below(100000), below(215) - 80, below(50) + 10);
        s_send(publisher, update);
        work(1);
    }
}

/* E1.26: ENDPOINT. Hears all publishers. */
static void suber(char **arguments)
{
    void *context = zmq_ctx_new(), *subscriber = subscribed(context, arguments[0], "");
    for (int heard = 0; heard != 3;) {
        char *string = s_recv(subscriber);
        MUST(strncmp(string, "puber", 5) == 0);
        heard |= string[5] == '1' ? 1 : 2;
        free(string);
    }
    puts("heard puber1 and puber2");
    FINISH(context, subscriber);
}

/* E1.27: FRONTEND BACKEND. By hand: updates one way, subscriptions the other. */
static void hand_made(char **arguments)
{
    void *context = zmq_ctx_new();
    void *frontend = bound(context, ZMQ_XSUB, arguments[0]), *backend = bound(context, ZMQ_XPUB, arguments[1]);
    zmq_pollitem_t items[] = {{frontend, 0, ZMQ_POLLIN, 0}, {backend, 0, ZMQ_POLLIN, 0}};
    for (;;) {
        MUST(zmq_poll(items, 2, -1) > 0);
        if (items[0].revents & ZMQ_POLLIN)
            pass_on(frontend, backend);
        if (items[1].revents & ZMQ_POLLIN)
            pass_on(backend, frontend);
    }
}

/* E1.28: FRONTEND BACKEND */
static void proxy(char **arguments)
{
    void *context = zmq_ctx_new(), *frontend = bound(context, ZMQ_XSUB, arguments[0]);
    void *backend = bound(context, ZMQ_XPUB, arguments[1]);
    zmq_proxy(frontend, backend, NULL);
}

/* E1.21: UPSTREAM ENDPOINT. A bridge: its frontend connects. */
static void wuproxy(char **arguments)
{
    void *context = zmq_ctx_new();
    zmq_proxy(connected(context, ZMQ_XSUB, arguments[0]), bound(context, ZMQ_XPUB, arguments[1]), NULL);
}

const struct program topics[] = {
    {"wuserver", wuserver},   {"wuclient", wuclient}, {"publisher", publisher}, {"subscriber", subscriber},
    {"puber", puber},         {"suber", suber},       {"hand_made", hand_made}, {"proxy", proxy},
    {"wuproxy", wuproxy},     {NULL, NULL},
};
