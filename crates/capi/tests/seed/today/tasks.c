/* Tasks for many workers, and programs that read from two sockets. */
#include "../seed.h"

/* E1.7: TASKS SINK. The start marker goes to the sink. */
static void taskvent(char **arguments)
{
    void *context = zmq_ctx_new(), *sender = bound(context, ZMQ_PUSH, arguments[0]);
    void *sink = connected(context, ZMQ_PUSH, arguments[1]);
    int total = 0;
    puts("Press Enter when the workers are ready:");
    getchar();
    s_send(sink, "0");
    for (int number = 0; number < 100; number++) {
        char string[20];
        int workload = below(3) + 1;
        total += workload;
        snprintf(string, sizeof string, "%d", workload);
        s_send(sender, string);
    }
    printf("Total expected cost: %d msec\n", total);
    FINISH(context, sink, sender);
}

/* E1.8: TASKS SINK */
static void taskwork(char **arguments)
{
    void *context = zmq_ctx_new(), *receiver = connected(context, ZMQ_PULL, arguments[0]);
    void *sender = connected(context, ZMQ_PUSH, arguments[1]);
    for (;;) {
        char *string = s_recv(receiver);
        printf("%s.\n", string);
        work(atoi(string));
        free(string);
        s_send(sender, "");
    }
}

/* E1.9, C142: ENDPOINT. The marker has a connection of its own, so that results of quick workers may come before it. */
static void tasksink(char **arguments)
{
    void *context = zmq_ctx_new(), *receiver = bound(context, ZMQ_PULL, arguments[0]);
    int64_t began = milliseconds_now();
    int markers = 0;
    for (int number = 0; number < 101; number++) {
        char *string = s_recv(receiver);
        if (strcmp(string, "0") == 0) {
            began = milliseconds_now();
            markers++;
        } else {
            MUST(*string == '\0');
            printf(number % 10 == 0 ? ":" : ".");
        }
        free(string);
    }
    MUST(markers == 1);
    printf("\nTotal elapsed time: %d msec\n", (int)(milliseconds_now() - began));
    FINISH(context, receiver);
}

static void two_sources(char **arguments, void *context, void *sockets[2])
{
    sockets[0] = connected(context, ZMQ_PULL, arguments[0]);
    sockets[1] = subscribed(context, arguments[1], "10001 ");
}

/* E1.12: TASKS UPDATES. Without waiting; tasks first; nothing there is EAGAIN. */
static void msreader(char **arguments)
{
    void *context = zmq_ctx_new(), *sockets[2];
    int counts[2] = {0, 0};
    two_sources(arguments, context, sockets);
    while (counts[0] < 100 || counts[1] < 10) {
        for (int side = 0; side < 2; side++) {
            char buffer[256];
            while (zmq_recv(sockets[side], buffer, 255, ZMQ_DONTWAIT) >= 0)
                counts[side]++;
            MUST(errno == EAGAIN);
        }
        work(1);
    }
    puts("tasks and updates");
    FINISH(context, sockets[0], sockets[1]);
}

/* E1.13: TASKS UPDATES */
static void mspoller(char **arguments)
{
    void *context = zmq_ctx_new(), *sockets[2];
    int counts[2] = {0, 0};
    two_sources(arguments, context, sockets);
    zmq_pollitem_t items[] = {{sockets[0], 0, ZMQ_POLLIN, 0}, {sockets[1], 0, ZMQ_POLLIN, 0}};
    while (counts[0] < 100 || counts[1] < 10) {
        MUST(zmq_poll(items, 2, -1) > 0);
        for (int side = 0; side < 2; side++) {
            char buffer[256];
            if (items[side].revents & ZMQ_POLLIN) {
                MUST(zmq_recv(sockets[side], buffer, 255, 0) >= 0);
                counts[side]++;
            }
        }
    }
    puts("tasks and updates");
    FINISH(context, sockets[0], sockets[1]);
}

/* E0.3, E0.4, E1.14 and E1.15: nothing comes before the last part was sent; `more` is read before the close. */
static void multipart(char **arguments)
{
    void *context = zmq_ctx_new(), *receiver = bound(context, ZMQ_PULL, arguments[0]);
    void *sender = connected(context, ZMQ_PUSH, last_endpoint(receiver));
    const char *parts[] = {"one", "two", "three"};
    for (int index = 0; index < 3; index++) {
        zmq_msg_t part;
        MUST(zmq_msg_init_size(&part, strlen(parts[index])) == 0);
        memcpy(zmq_msg_data(&part), parts[index], strlen(parts[index]));
        MUST(zmq_msg_send(&part, sender, index < 2 ? ZMQ_SNDMORE : 0) == (int)strlen(parts[index]));
        MUST(zmq_msg_size(&part) == 0 && zmq_msg_close(&part) == 0);
        MUST(index == 2 || !has_mail(receiver, 20));
    }
    for (int more = 1, index = 0; more; index++) {
        zmq_msg_t part;
        MUST(zmq_msg_init(&part) == 0 && zmq_msg_recv(&part, receiver, 0) == (int)strlen(parts[index]));
        MUST(memcmp(zmq_msg_data(&part), parts[index], strlen(parts[index])) == 0);
        more = zmq_msg_more(&part);
        printf("part %d, more %d\n", index + 1, more);
        MUST(zmq_msg_close(&part) == 0);
    }
    FINISH(context, sender, receiver);
}

const struct program tasks[] = {
    {"taskvent", taskvent}, {"taskwork", taskwork}, {"tasksink", tasksink},   {"msreader", msreader},
    {"mspoller", mspoller}, {"multipart", multipart}, {NULL, NULL},
};
