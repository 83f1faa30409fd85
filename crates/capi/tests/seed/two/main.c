/* Examples written for ZeroMQ 2. */
#include "two.h"

extern const struct program requests[], topics[], tasks[], calls[], routing[], queues[], clusters[], pirates[];

int main(int count, char **arguments)
{
    const struct program *const families[] = {requests, topics,  tasks,    calls, routing,
                                              queues,   clusters, pirates, NULL};
    (void)count;
    return choose(families, arguments);
}
