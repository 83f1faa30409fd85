/* Examples written for ZeroMQ 3 and 4. */
#include "../seed.h"

extern const struct program requests[], topics[], tasks[], calls[];

int main(int count, char **arguments)
{
    const struct program *const families[] = {requests, topics, tasks, calls, NULL};
    (void)count;
    return choose(families, arguments);
}
