/* What programs of ZeroMQ 2.x have in common besides; compiled with `-include zmq2.h`. */
#ifndef TWO_H
#define TWO_H

#include "../seed.h"

#if ZMQ_VERSION_MAJOR != 2
#error for zmq2.h
#endif

/* A name by chance that can be printed. */
SEED void s_set_id(void *socket, char name[10])
{
    snprintf(name, 10, "%04X-%04X", below(0x10000) & 0xffff, below(0x10000) & 0xffff);
    MUST(zmq_setsockopt(socket, ZMQ_IDENTITY, name, strlen(name)) == 0);
}

/* Prints a message, part by part: as text, or in hexadecimal. */
SEED void s_dump(void *socket)
{
    puts("----------------------------------------");
    for (int more = 1; more;) {
        zmq_msg_t part;
        int printable = 1;
        MUST(zmq_msg_init(&part) == 0 && zmq_recv(socket, &part, 0) == 0);
        const unsigned char *octets = zmq_msg_data(&part);
        int size = (int)zmq_msg_size(&part);
        for (int index = 0; index < size; index++)
            printable = printable && octets[index] >= 32 && octets[index] < 127;
        printf("[%03d] ", size);
        for (int index = 0; index < size; index++)
            printf(printable ? "%c" : "%02X", octets[index]);
        puts("");
        more = has_more(socket);
        zmq_msg_close(&part);
    }
}

/* Reads the rest of a message and throws it away. */
SEED void s_skip(void *socket)
{
    while (has_more(socket))
        free(s_recv(socket));
}

#endif
