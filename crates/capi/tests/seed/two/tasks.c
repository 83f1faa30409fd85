/* Tasks for many workers, how they are told to end, and programs that read from two sockets. */
#include "two.h"

/* E2.9: ENDPOINT. The start marker goes to a worker, as a task of no time. No sleep before the end: E2.14, C130. */
static void taskvent(char **arguments)
{
    void *context = zmq_init(1), *sender = bound(context, ZMQ_PUSH, arguments[0]);
    int total = 0;
    puts("Press Enter when the workers are ready:");
    getchar();
    s_send(sender, "0");
    for (int number = 0; number < 100; number++) {
        char string[20];
        int workload = below(3) + 1;
        total += workload;
        snprintf(string, sizeof string, "%d", workload);
        s_send(sender, string);
    }
    printf("Total expected cost: %d msec\n", total);
    FINISH(context, sender);
}

/* E2.10: TASKS SINK */
static void taskwork(char **arguments)
{
    void *context = zmq_init(1);
    void *receiver = connected(context, ZMQ_PULL, arguments[0]), *sender = connected(context, ZMQ_PUSH, arguments[1]);
    for (;;) {
        char *string = s_recv(receiver);
        printf("%s.\n", string);
        work(atoi(string));
        free(string);
        s_send(sender, "");
    }
}

/* E2.23: TASKS SINK CONTROL */
static void taskwork2(char **arguments)
{
    void *context = zmq_init(1);
    void *receiver = connected(context, ZMQ_PULL, arguments[0]), *sender = connected(context, ZMQ_PUSH, arguments[1]);
    void *controller = subscribed(context, arguments[2], "");
    zmq_pollitem_t items[] = {{receiver, 0, ZMQ_POLLIN, 0}, {controller, 0, ZMQ_POLLIN, 0}};
    for (;;) {
        MUST(zmq_poll(items, 2, -1) > 0);
        if (items[0].revents & ZMQ_POLLIN) {
            char *string = s_recv(receiver);
            work(atoi(string));
            free(string);
            s_send(sender, "");
            puts(".");
        }
        if (items[1].revents & ZMQ_POLLIN)
            break;
    }
    puts("told to end");
    const int zero = 0;
    MUST(zmq_setsockopt(sender, ZMQ_LINGER, &zero, sizeof zero) == 0);
    FINISH(context, receiver, sender, controller);
}

static void collect(void *receiver)
{
    s_expect(receiver, "");
    int64_t began = milliseconds_now();
    for (int number = 0; number < 100; number++) {
        s_expect(receiver, "");
        printf(number % 10 == 0 ? ":" : ".");
    }
    printf("\nTotal elapsed time: %d msec\n", (int)(milliseconds_now() - began));
}

/* E2.11: ENDPOINT */
static void tasksink(char **arguments)
{
    void *context = zmq_init(1), *receiver = bound(context, ZMQ_PULL, arguments[0]);
    collect(receiver);
    FINISH(context, receiver);
}

/* E2.22, E2.24, C157: ENDPOINT CONTROL. Says it until it is ended itself: a worker may not have subscribed yet. */
static void tasksink2(char **arguments)
{
    void *context = zmq_init(1);
    void *receiver = bound(context, ZMQ_PULL, arguments[0]), *controller = bound(context, ZMQ_PUB, arguments[1]);
    collect(receiver);
    for (;;) {
        s_send(controller, "KILL");
        work(1);
    }
}

/* E2.19: TASKS UPDATES */
static void msreader(char **arguments)
{
    void *context = zmq_init(1), *sockets[2];
    int counts[2] = {0, 0};
    sockets[0] = connected(context, ZMQ_PULL, arguments[0]);
    sockets[1] = subscribed(context, arguments[1], "10001 ");
    while (counts[0] < 101 || counts[1] < 10) {
        for (int side = 0; side < 2; side++) {
            for (int rc = 0; !rc;) {
                zmq_msg_t message;
                zmq_msg_init(&message);
                if ((rc = zmq_recv(sockets[side], &message, ZMQ_NOBLOCK)) == 0)
                    counts[side]++;
                zmq_msg_close(&message);
            }
        }
        work(1);
    }
    puts("tasks and updates");
    FINISH(context, sockets[0], sockets[1]);
}

/* E2.20: TASKS UPDATES */
static void mspoller(char **arguments)
{
    void *context = zmq_init(1), *sockets[2];
    int counts[2] = {0, 0};
    sockets[0] = connected(context, ZMQ_PULL, arguments[0]);
    sockets[1] = subscribed(context, arguments[1], "10001 ");
    zmq_pollitem_t items[] = {{sockets[0], 0, ZMQ_POLLIN, 0}, {sockets[1], 0, ZMQ_POLLIN, 0}};
    while (counts[0] < 101 || counts[1] < 10) {
        MUST(zmq_poll(items, 2, -1) > 0);
        for (int side = 0; side < 2; side++) {
            if (items[side].revents & ZMQ_POLLIN) {
                free(s_recv(sockets[side]));
                counts[side]++;
            }
        }
    }
    puts("tasks and updates");
    FINISH(context, sockets[0], sockets[1]);
}

/* E2.25, E2.26, C89, C93: ENDPOINT. All parts or none; a part may be empty; whether more follows is a number of 64 bits. */
static void multipart(char **arguments)
{
    void *context = zmq_init(1), *receiver = bound(context, ZMQ_PULL, arguments[0]);
    void *sender = connected(context, ZMQ_PUSH, last_endpoint(receiver));
    s_sendmore(sender, "one");
    MUST(!has_mail(receiver, 20));
    s_sendmore(sender, "");
    s_send(sender, "three");
    MUST(has_mail(receiver, WAIT_FOR_EVER));
    const char *parts[] = {"one", "", "three"};
    for (int index = 0; index < 3; index++) {
        s_expect(receiver, parts[index]);
        printf("part %d, more %d\n", index + 1, has_more(receiver));
    }
    FINISH(context, sender, receiver);
}

const struct program tasks[] = {
    {"taskvent", taskvent}, {"taskwork", taskwork},   {"taskwork2", taskwork2}, {"tasksink", tasksink},
    {"tasksink2", tasksink2}, {"msreader", msreader}, {"mspoller", mspoller},   {"multipart", multipart},
    {NULL, NULL},
};
