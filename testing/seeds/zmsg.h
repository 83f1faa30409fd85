/* A class of messages as later editions of a book have it, for programs whose document shows an earlier one, or none:
 * functions of the same names, written anew. Parts are strings; a generated routing id of 17 octets becomes one, of
 * '@' and the 16 behind its zero in hexadecimal.
 * crates/capi/tests/seed tests it. */
#ifndef ZMSG_H
#define ZMSG_H

#ifndef HELPER
#include "zhelpers.h"
#endif

#define ZMSG_PARTS 64

typedef struct {
    size_t count;
    size_t size[ZMSG_PARTS];
    char *part[ZMSG_PARTS];
} zmsg_t;

HELPER void zmsg_put(zmsg_t *self, size_t at, const void *octets, size_t size)
{
    assert(self->count < ZMSG_PARTS);
    memmove(&self->part[at + 1], &self->part[at], (self->count - at) * sizeof self->part[0]);
    memmove(&self->size[at + 1], &self->size[at], (self->count - at) * sizeof self->size[0]);
    self->part[at] = memcpy(calloc(1, size + 1), octets, size);
    self->size[at] = size;
    self->count++;
}

HELPER zmsg_t *zmsg_made(const char *body)
{
    zmsg_t *self = calloc(1, sizeof *self);
    if (body)
        zmsg_put(self, 0, body, strlen(body));
    return self;
}

/* With a body, with NULL, or with nothing. */
#define zmsg_new(...) zmsg_made((const char *[]){__VA_ARGS__ + 0}[0])

HELPER char *zmsg_pop(zmsg_t *self)
{
    if (self->count == 0)
        return NULL;
    char *first = self->part[0];
    self->count--;
    memmove(&self->part[0], &self->part[1], self->count * sizeof self->part[0]);
    memmove(&self->size[0], &self->size[1], self->count * sizeof self->size[0]);
    return first;
}

HELPER void zmsg_destroy(zmsg_t **self)
{
    while (*self && (*self)->count)
        free(zmsg_pop(*self));
    free(*self);
    *self = NULL;
}

HELPER zmsg_t *zmsg_dup(zmsg_t *self)
{
    zmsg_t *copy = zmsg_made(NULL);
    for (size_t i = 0; i < self->count; i++)
        zmsg_put(copy, i, self->part[i], self->size[i]);
    return copy;
}

/* The string for a generated routing id. */
HELPER void zmsg_put_id(zmsg_t *self, const unsigned char *octets)
{
    char text[34] = "@";
    for (int i = 0; i < 16; i++)
        sprintf(text + 1 + 2 * i, "%02X", octets[1 + i]);
    zmsg_put(self, self->count, text, 33);
}

/* The routing id for such a string. */
HELPER void zmsg_to_id(const char *text, unsigned char *octets)
{
    octets[0] = 0;
    for (int i = 0; i < 16; i++)
        sscanf(text + 1 + 2 * i, "%2hhX", &octets[1 + i]);
}

HELPER zmsg_t *zmsg_recv(void *socket)
{
    zmsg_t *self = zmsg_made(NULL);
    int more = 1;
    while (more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_recvmsg(socket, &part, 0) < 0)
            exit(EXIT_FAILURE);
        const unsigned char *octets = zmq_msg_data(&part);
        if (zmq_msg_size(&part) == 17 && octets[0] == 0)
            zmsg_put_id(self, octets);
        else
            zmsg_put(self, self->count, octets, zmq_msg_size(&part));
        more = zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    return self;
}

HELPER void zmsg_send(zmsg_t **self, void *socket)
{
    for (size_t i = 0; i < (*self)->count; i++) {
        zmq_msg_t part;
        int is_id = (*self)->size[i] == 33 && (*self)->part[i][0] == '@';
        zmq_msg_init_size(&part, is_id ? 17 : (*self)->size[i]);
        if (is_id)
            zmsg_to_id((*self)->part[i], zmq_msg_data(&part));
        else
            memcpy(zmq_msg_data(&part), (*self)->part[i], (*self)->size[i]);
        zmq_sendmsg(socket, &part, i + 1 < (*self)->count ? ZMQ_SNDMORE : 0);
        zmq_msg_close(&part);
    }
    zmsg_destroy(self);
}

HELPER size_t zmsg_parts(zmsg_t *self)
{
    return self->count;
}

HELPER char *zmsg_body(zmsg_t *self)
{
    return self->count ? self->part[self->count - 1] : NULL;
}

HELPER char *zmsg_address(zmsg_t *self)
{
    return self->count ? self->part[0] : NULL;
}

HELPER void zmsg_body_set(zmsg_t *self, const char *body)
{
    if (self->count)
        free(self->part[--self->count]);
    zmsg_put(self, self->count, body, strlen(body));
}

HELPER void zmsg_body_fmt(zmsg_t *self, const char *format, ...)
{
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    zmsg_body_set(self, text);
}

HELPER void zmsg_push(zmsg_t *self, const char *part)
{
    zmsg_put(self, 0, part, strlen(part));
}

HELPER void zmsg_wrap(zmsg_t *self, const char *address, const char *delimiter)
{
    if (delimiter)
        zmsg_push(self, delimiter);
    zmsg_push(self, address);
}

HELPER char *zmsg_unwrap(zmsg_t *self)
{
    char *address = zmsg_pop(self);
    if (self->count && self->size[0] == 0)
        free(zmsg_pop(self));
    return address;
}

HELPER void zmsg_dump(zmsg_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        fprintf(stderr, "[%03d] %s\n", (int)self->size[i], self->part[i]);
}

#endif
