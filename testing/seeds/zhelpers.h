/* The helpers that a book's programs include and its document does not show: functions of the same names, written anew.
 * They use calls that mean the same in ZeroMQ 2.x (with zmq2.h) and today. */
#ifndef ZHELPERS_H
#define ZHELPERS_H

#include "zhelpers_more.h"
#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* A message as a string, which the caller frees; NULL at the end. */
HELPER char *s_recv(void *socket)
{
    zmq_msg_t message;
    char *string = NULL;
    zmq_msg_init(&message);
    int size = zmq_recvmsg(socket, &message, 0);
    if (size >= 0 && (string = malloc(size + 1)) != NULL) {
        memcpy(string, zmq_msg_data(&message), size);
        string[size] = '\0';
    }
    zmq_msg_close(&message);
    return string;
}

HELPER int s_send_part(void *socket, const char *string, int flags)
{
    zmq_msg_t message;
    zmq_msg_init_size(&message, strlen(string));
    memcpy(zmq_msg_data(&message), string, strlen(string));
    int sent = zmq_sendmsg(socket, &message, flags);
    zmq_msg_close(&message);
    return sent;
}

#define s_send(socket, string) s_send_part(socket, string, 0)
#define s_sendmore(socket, string) s_send_part(socket, string, ZMQ_SNDMORE)

/* Prints a message, part by part: as text, or in hexadecimal. */
HELPER void s_dump(void *socket)
{
    int more = 1;
    puts("----------------------------------------");
    while (more) {
        zmq_msg_t part;
        int printable = 1;
        zmq_msg_init(&part);
        int size = zmq_recvmsg(socket, &part, 0);
        const unsigned char *octets = zmq_msg_data(&part);
        for (int i = 0; i < size; i++)
            printable = printable && octets[i] >= 32 && octets[i] < 127;
        printf("[%03d] ", size);
        for (int i = 0; i < size; i++)
            printf(printable ? "%c" : "%02X", octets[i]);
        printf("\n");
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
}

/* A printable name by chance. */
HELPER void s_set_id(void *socket)
{
    char name[10];
    snprintf(name, sizeof name, "%04X-%04X", randof(0x10000), randof(0x10000));
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name));
}

HELPER void s_version(void)
{
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    printf("Current 0MQ version is %d.%d.%d\n", major, minor, patch);
}

#endif
