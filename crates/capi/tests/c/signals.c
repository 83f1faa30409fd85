/* A signal handler that runs ends the calls that wait, and only those that libzmq says. */

#define _GNU_SOURCE
#include "must.h"
#include <poll.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static void on_signal(int number)
{
    (void)number;
}

static atomic_int done;

/* Until the call was ended; the signal may come before it waits, and then another one has to. */
static void *annoy(void *thread)
{
    while (!atomic_load(&done)) {
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        usleep(2000);
    }
    return NULL;
}

static pthread_t self, annoyer;

static void begin(void)
{
    atomic_store(&done, 0);
    self = pthread_self();
    MUST(pthread_create(&annoyer, NULL, annoy, &self) == 0);
}

static void end(void)
{
    atomic_store(&done, 1);
    MUST(pthread_join(annoyer, NULL) == 0);
}

static void *sender;
static _Thread_local int due;

static void signal_and_message_come(void)
{
    if (due) {
        due = 0;
        MUST(raise(SIGUSR2) == 0 && zmq_send(sender, "x", 1, 0) == 1);
    }
}

/* The library asks the system through this one: so both come before it waits, or after it has asked for signals alone. */
int ppoll(struct pollfd *descriptors, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct timespec left = timeout ? *timeout : (struct timespec){0, 0};
    long found;
    if (count > 0)
        signal_and_message_come();
    found = syscall(SYS_ppoll, descriptors, count, timeout ? &left : NULL, mask, sizeof(unsigned long long));
    if (count == 0 && due)
        signal_and_message_come();
    return (int)found;
}

#define IS_ENDED(call)                                                                                      \
    do {                                                                                                    \
        begin();                                                                                            \
        FAILS(call, EINTR);                                                                                 \
        end();                                                                                              \
    } while (0)

int main(void)
{
    void *context = zmq_ctx_new(), *pull = open_socket(context, ZMQ_PULL), *push = open_socket(context, ZMQ_PUSH);
    void *connected = open_socket(context, ZMQ_PULL), *poller = zmq_poller_new(), *queue[2];
    zmq_pollitem_t item = {pull, 0, ZMQ_POLLIN, 0};
    zmq_poller_event_t event;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t blocked, none;
    zmq_msg_t message;
    char letter;
    MUST(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);
    MUST(zmq_bind(pull, "tcp://127.0.0.1:*") == 0 && zmq_msg_init(&message) == 0);

    IS_ENDED(zmq_recv(pull, &letter, 1, 0));
    IS_ENDED(zmq_msg_recv(&message, pull, 0));
    IS_ENDED(zmq_send(push, "x", 1, 0));
    IS_ENDED(zmq_send(push, "x", 1, ZMQ_SNDMORE));
    IS_ENDED(zmq_poll(&item, 1, -1));
    IS_ENDED(zmq_poll(NULL, 0, -1));
    MUST(zmq_poller_add(poller, pull, NULL, ZMQ_POLLIN) == 0);
    IS_ENDED(zmq_poller_wait(poller, &event, -1));

    /* With a connection the thread waits for it itself. */
    MUST(zmq_connect(push, last_endpoint(pull)) == 0 && zmq_send(push, "x", 1, 0) == 1);
    MUST(zmq_recv(pull, &letter, 1, 0) == 1);
    IS_ENDED(zmq_recv(pull, &letter, 1, 0));

    /* And a proxy; it can go on afterwards. */
    queue[0] = open_socket(context, ZMQ_ROUTER);
    queue[1] = open_socket(context, ZMQ_DEALER);
    IS_ENDED(zmq_proxy(queue[0], queue[1], NULL));

    /* A signal that is blocked ends nothing, and one that ppoll lets in does. */
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    MUST(pthread_sigmask(SIG_BLOCK, &blocked, NULL) == 0 && raise(SIGUSR2) == 0);
    MUST(zmq_poll(&item, 1, 10) == 0);
    FAILS(zmq_ppoll(&item, 1, -1, &none), EINTR);
    /* Even if there is something to receive: who sent the signal first relies on its being seen first. */
    MUST(raise(SIGUSR2) == 0 && zmq_send(push, "x", 1, 0) == 1 && zmq_poll(&item, 1, -1) == 1);
    FAILS(zmq_ppoll(&item, 1, -1, &none), EINTR);
    MUST(zmq_ppoll(&item, 1, -1, &none) == 1 && zmq_recv(pull, &letter, 1, 0) == 1);
    MUST(zmq_ppoll(&item, 1, 10, &blocked) == 0);
    /* And if both come only while it looks or waits. */
    sender = open_socket(context, ZMQ_PUSH);
    MUST(zmq_bind(pull, "inproc://both") == 0 && zmq_connect(sender, "inproc://both") == 0);
    due = 1;
    FAILS(zmq_ppoll(&item, 1, -1, &none), EINTR);
    MUST(!due && zmq_ppoll(&item, 1, -1, &none) == 1 && zmq_recv(pull, &letter, 1, 0) == 1);
    /* Without anything to wait for, too. */
    MUST(raise(SIGUSR2) == 0);
    FAILS(zmq_ppoll(NULL, 0, 0, &none), EINTR);

    /* The end of a context can be made again. */
    IS_ENDED(zmq_ctx_term(context));
    MUST(zmq_msg_close(&message) == 0 && zmq_poller_destroy(&poller) == 0);
    MUST(zmq_close(pull) == 0 && zmq_close(push) == 0 && zmq_close(connected) == 0 && zmq_close(sender) == 0);
    MUST(zmq_close(queue[0]) == 0 && zmq_close(queue[1]) == 0 && zmq_ctx_term(context) == 0);
    puts("all is well");
    return 0;
}
