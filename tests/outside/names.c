/* Stands in for DNS in the server's process: names of FALSE_NAMES ("name=address name=address") lead where it says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *table = getenv("FALSE_NAMES");
    char entry[300], address[64];
    if (node != NULL && table != NULL && snprintf(entry, sizeof entry, " %s=", node) < (int)sizeof entry) {
        const char *found = strstr(table, entry);
        if (found != NULL && sscanf(found + strlen(entry), "%63s", address) == 1) return next(address, service, hints, result);
    }
    return next(node, service, hints, result);
}
