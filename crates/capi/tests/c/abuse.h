/* The values that the program of tests/abuse.rs calls every function with, and how it does. */
#define ZMQ_BUILD_DRAFT_API
#include "zmq.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define THREAD static __thread

/* What was called last in this thread, for whoever looks at a dump. */
THREAD const char *last_name;
THREAD int last_values[5];
THREAD unsigned long calls;
static unsigned long stride = 1;
static int failures;

static void about(const char *name, int a, int b, int c, int d, int e)
{
    const int values[] = {a, b, c, d, e};
    last_name = name;
    memcpy(last_values, values, sizeof values);
    if (getenv("ABUSE_TELLS")) {
        fprintf(stderr, "%s %d %d %d %d %d\n", name, a, b, c, d, e);
    }
}

/* Under valgrind one of several calls is made. */
static int wanted(void)
{
    return calls++ % stride == 0;
}

static void accepted(void)
{
    printf("%s took what is no handle: %d %d %d %d %d\n", last_name, last_values[0], last_values[1], last_values[2],
           last_values[3], last_values[4]);
    failures++;
}

/* -- plain values */
static const int ints[] = {0, 1, -1, 2147483647, -2147483647 - 1};
static const short shorts[] = {0, 7, -1};
static const uint32_t ids[] = {0, 1, 0xffffffff};
static const uint64_t longs[] = {0, 1, 0xffff, 0xffffffffffffffff};
static const size_t sizes[] = {0, 1, (size_t)-1 / 2, (size_t)-1};
static char long_text[5000];
static const char *texts[] = {NULL,          "",           "text",      "tcp://", "tcp://127.0.0.1:*", "tcp://127.0.0.1:1",
                              "inproc://abuse", "ipc://",  "udp://*:0", "://",    "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", long_text};
THREAD char space[8192];
THREAD char here[64];
THREAD int number;
static int fds[3] = {-1, 1 << 30, 0};
static sigset_t no_signals;

/* -- memory with its size */
static const char some[64];
static const struct {
    const void *data;
    size_t size;
} octets[] = {{NULL, 0}, {NULL, 16}, {NULL, (size_t)-1}, {some, 0}, {some, 4}, {some, 5}, {some, 64}};

static void *room(int which)
{
    return octets[which].data ? space : NULL;
}

#define ROOMS 6
THREAD size_t length;
static void *room_value(int which)
{
    return which < 2 ? NULL : space;
}
static size_t *room_size(int which)
{
    static const size_t lengths[ROOMS] = {0, 256, 0, 0, 4, sizeof space};
    length = lengths[which];
    return which == 0 || which == 2 ? NULL : &length;
}

/* -- lists with their lengths */
#define LISTS 5
THREAD struct iovec parts[3];
THREAD size_t part_count;
static struct iovec *list(int which)
{
    for (int i = 0; i < 3; i++) {
        parts[i].iov_base = which == 4 ? NULL : here;
        parts[i].iov_len = which == 4 ? 8 : sizeof here;
    }
    return which < 2 ? NULL : parts;
}
static size_t list_size(int which)
{
    static const size_t counts[LISTS] = {0, 3, 0, 3, 3};
    return counts[which];
}
static struct iovec *empty_list(int which)
{
    memset(parts, 0, sizeof parts);
    return which < 2 ? NULL : parts;
}
static size_t *list_count(int which)
{
    part_count = list_size(which);
    return which == 0 || which == 4 ? NULL : &part_count;
}

THREAD zmq_poller_event_t happened[4];
static zmq_poller_event_t *events(int which)
{
    return which < 2 ? NULL : happened;
}
static int events_count(int which)
{
    static const int counts[LISTS] = {0, 3, -1, 0, 4};
    return counts[which];
}

/* -- handles: first those that are none */
#define DEAD_HANDLES 8
#define LIVE_HANDLES 10
#define HANDLES (DEAD_HANDLES + LIVE_HANDLES)
static void *dead[DEAD_HANDLES], *live[LIVE_HANDLES];
static void *dead_handle(int which)
{
    return dead[which];
}
static void *any_handle(int which)
{
    return which < DEAD_HANDLES ? dead[which] : live[which - DEAD_HANDLES];
}

static void *fresh_context(void)
{
    return zmq_ctx_new();
}
static void *fresh_socket(void)
{
    return zmq_socket(live[0], ZMQ_PAIR);
}
static void *fresh_watch(void)
{
    return zmq_stopwatch_start();
}
static void nothing(void *argument)
{
    (void)argument;
}
static void *fresh_thread(void)
{
    return zmq_threadstart(nothing, NULL);
}
static void *fresh_poller(void)
{
    return zmq_poller_new();
}
static void *fresh_timers(void)
{
    return zmq_timers_new();
}
static void *fresh_counter(void)
{
    return zmq_atomic_counter_new();
}

THREAD void *kept;
static void **place(int which, void *(*fresh)(void))
{
    switch (which) {
    case 0:
        return NULL;
    case 1:
        kept = NULL;
        break;
    case 2:
        kept = dead[1];
        break;
    case 3:
        kept = dead[DEAD_HANDLES - 1];
        break;
    default:
        kept = fresh();
    }
    return &kept;
}

/* -- poll items */
#define LISTS_OF_ITEMS 8
THREAD zmq_pollitem_t polled[2];
static zmq_pollitem_t *items(int which)
{
    polled[0] = (zmq_pollitem_t){live[1], 0, -1, -1};
    polled[1] = (zmq_pollitem_t){NULL, fds[2], 7, 0};
    switch (which) {
    case 0:
    case 1:
        return NULL;
    case 4:
        polled[0].socket = dead[DEAD_HANDLES - 1];
        break;
    case 5:
        polled[0].socket = dead[1];
        break;
    case 6:
        polled[1].fd = -1;
        break;
    case 7:
        polled[1].fd = 1 << 30;
        break;
    }
    return polled;
}
static int items_count(int which)
{
    static const int counts[LISTS_OF_ITEMS] = {0, 2, -1, -2147483647 - 1, 2, 2, 2, 2};
    return counts[which];
}

/* -- messages */
#define MESSAGES 7
THREAD zmq_msg_t messages[2];
THREAD int used[2];
static void let_go(void *data, void *hint)
{
    (void)data;
    (void)hint;
}
static void tick(int id, void *argument)
{
    (void)id;
    (void)argument;
}
static zmq_msg_t *message(int which, int slot)
{
    zmq_msg_t *it = &messages[slot];
    used[slot] = which != 0;
    switch (which) {
    case 0:
        return NULL;
    case 1:
        memset(it, 0, sizeof *it);
        break;
    case 2:
        memset(it, 0xff, sizeof *it);
        break;
    case 3:
        memset(it, 0xa5, sizeof *it);
        break;
    case 4:
        zmq_msg_init_data(it, (void *)some, sizeof some, let_go, NULL);
        break;
    case 5:
        zmq_msg_init_size(it, 3);
        zmq_msg_close(it);
        break;
    case 6:
        zmq_msg_init_size(it, 3000);
        break;
    }
    return it;
}

static void put_away(void)
{
    for (int i = 0; i < 2; i++) {
        if (used[i]) {
            zmq_msg_close(&messages[i]);
            used[i] = 0;
        }
    }
    for (int i = 0; i < 3; i++) {
        /* What zmq_recviov made; what was handed in is ours. */
        if (parts[i].iov_base && parts[i].iov_base != here) {
            free(parts[i].iov_base);
        }
        parts[i].iov_base = NULL;
    }
    while (zmq_poller_size(live[7]) > 0 && zmq_poller_remove_fd(live[7], fds[2]) == 0) {
    }
}

static void sweep(void);

static void *open_socket(int type)
{
    const int zero = 0;
    void *it = zmq_socket(live[0], type);
    zmq_setsockopt(it, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(it, ZMQ_SNDTIMEO, &zero, sizeof zero);
    zmq_setsockopt(it, ZMQ_RCVTIMEO, &zero, sizeof zero);
    return it;
}

static void prepare(void)
{
    static char memory[256];
    int ends[2];
    void *freed = malloc(64), *context = zmq_ctx_new();
    memset(long_text, 'x', sizeof long_text - 1);
    sigemptyset(&no_signals);
    if (pipe(ends) != 0) {
        abort();
    }
    fds[2] = ends[0];
    live[0] = zmq_ctx_new();
    live[1] = open_socket(ZMQ_PAIR);
    live[2] = open_socket(ZMQ_PAIR);
    live[3] = open_socket(ZMQ_ROUTER);
    live[4] = open_socket(ZMQ_DISH);
    live[5] = open_socket(ZMQ_STREAM);
    live[6] = open_socket(ZMQ_SERVER);
    live[7] = zmq_poller_new();
    live[8] = zmq_timers_new();
    live[9] = zmq_atomic_counter_new();
    zmq_bind(live[1], "inproc://pair");
    zmq_connect(live[2], "inproc://pair");
    dead[0] = NULL;
    dead[1] = (void *)1;
    dead[2] = (void *)-1;
    dead[3] = memory;
    dead[4] = freed;
    dead[5] = context;
    dead[6] = stdout;
    dead[7] = open_socket(ZMQ_PAIR);
    free(freed);
    zmq_ctx_term(context);
    zmq_close(dead[7]);
}

static void finish(void)
{
    zmq_ctx_shutdown(live[0]);
    /* Nothing waits now, whatever it is asked. */
    sweep();
    for (int i = 1; i <= 6; i++) {
        zmq_close(live[i]);
    }
    zmq_poller_destroy(&live[7]);
    zmq_timers_destroy(&live[8]);
    zmq_atomic_counter_destroy(&live[9]);
    while (zmq_ctx_term(live[0]) == -1 && zmq_errno() == EINTR) {
    }
}

static void *in_a_thread(void *unused)
{
    sweep();
    return unused;
}

static void on_signal(int number)
{
    (void)number;
}

/* The child's handles are the parent's: nothing it does may end it, nor harm the parent. */
static void in_a_child(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        sweep();
        _exit(0);
    }
    while (waitpid(child, &status, 0) == -1) {
    }
    if (status != 0) {
        printf("the child ended with %x\n", status);
        failures++;
    }
}

int main(int count, char **arguments)
{
    const char *how = count > 1 ? arguments[1] : "alone";
    prepare();
    if (strcmp(how, "together") == 0) {
        struct sigaction action = {.sa_handler = on_signal};
        struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
        pthread_t other;
        stride = 7;
        sigaction(SIGALRM, &action, NULL);
        setitimer(ITIMER_REAL, &often, NULL);
        pthread_create(&other, NULL, in_a_thread, NULL);
        sweep();
        pthread_join(other, NULL);
        in_a_child();
        setitimer(ITIMER_REAL, &never, NULL);
    } else {
        stride = strcmp(how, "thinned") == 0 ? 5 : 1;
        sweep();
    }
    finish();
    if (failures == 0) {
        printf("all is well\n");
    }
    return failures != 0;
}
