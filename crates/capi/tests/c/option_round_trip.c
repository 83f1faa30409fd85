/* Sets every option to many values on every stable socket type, and prints what the option says after that, and which
 * other options with an `int` have changed with it. Two libraries that print the same treat options alike. */
#include "zmq.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TYPES 12
#define OPTIONS 117
/* Later numbers are not in every libzmq. */
#define STABLE_OPTIONS 93

static void *context;

/* libzmq frees the place of a closed socket in the background. */
static void *fresh(int type)
{
    void *socket;
    while ((socket = zmq_socket(context, type)) == NULL)
        usleep(1000);
    return socket;
}

static int int_of(void *socket, int option, int *value)
{
    size_t size = sizeof *value;
    return zmq_getsockopt(socket, option, value, &size) == 0 && size == sizeof *value;
}

static void print_answers(void *socket, int option)
{
    static const size_t rooms[] = {4, 8, 32, 41, 256};
    for (size_t at = 0; at < sizeof rooms / sizeof *rooms; at++) {
        unsigned char octets[256];
        size_t size = rooms[at];
        memset(octets, 0xcc, sizeof octets);
        if (zmq_getsockopt(socket, option, octets, &size) != 0)
            continue;
        printf(" %zu:%zu:", rooms[at], size);
        for (size_t octet = 0; octet < rooms[at] && octet < 48; octet++)
            printf("%02x", octets[octet]);
    }
}

static void print_side_effects(void *socket, int type, int option)
{
    static int defaults[TYPES][OPTIONS], known[TYPES];
    if (!known[type]) {
        void *untouched = fresh(type);
        for (int other = 0; other < STABLE_OPTIONS; other++)
            int_of(untouched, other, &defaults[type][other]);
        zmq_close(untouched);
        known[type] = 1;
    }
    for (int other = 0; other < STABLE_OPTIONS; other++) {
        int value;
        if (other != option && other != ZMQ_FD && other != ZMQ_EVENTS && int_of(socket, other, &value) &&
            value != defaults[type][other])
            printf(" and %d=%d", other, value);
    }
}

static void try_value(int type, int option, const char *name, const void *value, size_t size)
{
    void *socket = fresh(type);
    errno = 0;
    int answer = zmq_setsockopt(socket, option, value, size);
    printf("%d %d %s %d", option, type, name, answer ? errno : 0);
    print_answers(socket, option);
    if (answer == 0)
        print_side_effects(socket, type, option);
    printf("\n");
    zmq_close(socket);
}

int main(void)
{
    static const int ints[] = {-2, -1, 0, 1, 2, 3, 99, 100, 250, 1000, 65535, 65536, 6553599, 2147483647};
    static const int64_t wide[] = {-5, -1, 0, 7, INT64_MAX};
    static const char *const texts[] = {
        "a", "abc", "127.0.0.1", "10.0.0.0/8", "127.0.0.1/33", "localhost:1080", "lo", "X-a:b", "X-a:", "a:b",
        "12345678901234567890123456789012", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    };
    char name[64];
    context = zmq_ctx_new();
    for (int option = 0; option < OPTIONS; option++) {
        if (option == ZMQ_FD || option == ZMQ_USE_FD)
            continue;
        for (int type = 0; type < TYPES; type++) {
            for (size_t at = 0; at < sizeof ints / sizeof *ints; at++) {
                snprintf(name, sizeof name, "int:%d", ints[at]);
                try_value(type, option, name, &ints[at], sizeof *ints);
            }
            for (size_t at = 0; at < sizeof wide / sizeof *wide; at++) {
                snprintf(name, sizeof name, "int64:%lld", (long long)wide[at]);
                try_value(type, option, name, &wide[at], sizeof *wide);
            }
            for (size_t at = 0; at < sizeof texts / sizeof *texts; at++)
                try_value(type, option, texts[at], texts[at], strlen(texts[at]));
        }
    }
    return zmq_ctx_term(context);
}
