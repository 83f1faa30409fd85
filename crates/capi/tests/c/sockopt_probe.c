/* Asks every option of every socket type, and offers it values; prints what is not refused with EINVAL, one line a
 * socket type, option and direction:
 *
 *     TYPE OPTION get ROOM:LENGTH:OCTETS ...
 *     TYPE OPTION set NAME ...            NAME=ERRNO where the refusal is not EINVAL
 */
#include "zmq.h"
#include <stdlib.h>
#include <string.h>

#define TYPES 21
#define OPTIONS 131

struct value {
    const char *name;
    const void *octets;
    size_t size;
};

static void *context;

static void *fresh(int type)
{
    void *socket = zmq_socket(context, type);
    if (socket == NULL)
        exit(1);
    return socket;
}

static void ask(int type, int option)
{
    static const size_t rooms[] = {1, 4, 8, 32, 41, 256};
    void *socket = fresh(type);
    for (size_t at = 0; at < sizeof rooms / sizeof *rooms; at++) {
        unsigned char octets[256];
        size_t size = rooms[at];
        memset(octets, 0xAA, sizeof octets);
        errno = 0;
        if (zmq_getsockopt(socket, option, octets, &size) == 0) {
            printf(" %zu:%zu:", rooms[at], size);
            if (option == ZMQ_FD)
                printf("<fd>");
            else
                for (size_t octet = 0; octet < size && octet < 32; octet++)
                    printf("%02x", octets[octet]);
        } else if (errno != EINVAL) {
            printf(" %zu=%d", rooms[at], errno);
        }
    }
    zmq_close(socket);
}

static void offer(int type, int option, const struct value *values, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        void *socket = fresh(type);
        errno = 0;
        if (zmq_setsockopt(socket, option, values[at].octets, values[at].size) == 0)
            printf(" %s", values[at].name);
        else if (errno != EINVAL)
            printf(" %s=%d", values[at].name, errno);
        zmq_close(socket);
    }
}

int main(void)
{
    static const int zero = 0, one = 1, two = 2, minus_one = -1, minus_two = -2, thousand = 1000;
    static const int ttl = 6553599, above_ttl = 6553600;
    static const int64_t wide_zero = 0, wide_one = 1, wide_minus_one = -1;
    static const char key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
    static char long_text[256];
    memset(long_text, 'a', sizeof long_text);
    const struct value values[] = {
        {"int0", &zero, 4}, {"int1", &one, 4}, {"int2", &two, 4}, {"int-1", &minus_one, 4}, {"int-2", &minus_two, 4},
        {"int1000", &thousand, 4}, {"int6553599", &ttl, 4}, {"int6553600", &above_ttl, 4}, {"i64_0", &wide_zero, 8},
        {"i64_1", &wide_one, 8}, {"i64_-1", &wide_minus_one, 8}, {"null0", NULL, 0}, {"empty", "", 0}, {"str1", "x", 1},
        {"str3", "abc", 3}, {"ip", "127.0.0.1", 9}, {"kv", "X-a:b", 5},
        {"bin32", "12345678901234567890123456789012", 32}, {"z85_40", key, 40}, {"z85_41", key, 41},
        {"str255", long_text, 255}, {"str256", long_text, 256},
    };
    context = zmq_ctx_new();
    for (int type = 0; type < TYPES; type++) {
        for (int option = 0; option < OPTIONS; option++) {
            printf("%d %d get", type, option);
            ask(type, option);
            printf("\n%d %d set", type, option);
            offer(type, option, values, sizeof values / sizeof *values);
            printf("\n");
        }
    }
    return zmq_ctx_term(context);
}
