/* Stands in for DNS in the server's process: names of FALSE_NAMES ("name=answer name=answer") lead where it says. An answer
 * is an address; addresses joined by '+' are given all at once, and such answers joined by '|' one after another, the last
 * one for ever: as under an attacker's DNS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*resolver)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static struct { char name[256]; int asked; } names[64];

/* How often the name has been asked for before. */
static int asked_before(const char *name) {
    int asked = 0;
    pthread_mutex_lock(&counting);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].name[0] == 0) snprintf(names[i].name, sizeof names[i].name, "%s", name);
        if (strcmp(names[i].name, name) != 0) continue;
        asked = names[i].asked++;
        break;
    }
    pthread_mutex_unlock(&counting);
    return asked;
}

/* Each of the addresses that '+' joins, one behind the other. */
static int all(resolver next, char *answer, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    struct addrinfo **end = result;
    char *rest = NULL;
    int failed = EAI_NONAME;
    *result = NULL;
    for (char *address = strtok_r(answer, "+", &rest); address != NULL; address = strtok_r(NULL, "+", &rest)) {
        failed = next(address, service, hints, end);
        if (failed) return failed;
        while (*end != NULL) end = &(*end)->ai_next;
    }
    return failed;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
    resolver next = (resolver)dlsym(RTLD_NEXT, "getaddrinfo");
    const char *table = getenv("FALSE_NAMES");
    char entry[300], answers[500];
    if (node != NULL && table != NULL && snprintf(entry, sizeof entry, " %s=", node) < (int)sizeof entry) {
        const char *found = strstr(table, entry);
        if (found != NULL && sscanf(found + strlen(entry), "%499s", answers) == 1) {
            char *rest = NULL, *answer = strtok_r(answers, "|", &rest), *later;
            for (int turn = asked_before(node); turn > 0 && (later = strtok_r(NULL, "|", &rest)) != NULL; turn--) answer = later;
            return all(next, answer, service, hints, result);
        }
    }
    return next(node, service, hints, result);
}
