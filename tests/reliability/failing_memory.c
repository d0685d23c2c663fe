/* Lets the n-th memory block fail that the compiled core asks Python for, and counts those that it has not given back.
 *
 * Python's allocator of raw memory is wrapped. A request is the core's where its file is the last before Python's. */
#define _GNU_SOURCE
#include <Python.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <string.h>

enum { CALLS = 4, LIVE_MOST = 4096 };
static PyMemAllocatorEx before;
static long countdown, requests, n_live;
static void *live[LIVE_MOST];

static const char *file_of(void *call) {
    Dl_info info;
    return dladdr(call, &info) && info.dli_fname ? info.dli_fname : "";
}

/* Is the first call outside of this file and of Python in the core's? (What NumPy asks for on its behalf is not.) */
static int is_own(void) {
    void *calls[CALLS];
    int n = backtrace(calls, CALLS);
    const char *here = file_of((void *)(uintptr_t)is_own), *python = file_of((void *)(uintptr_t)PyMem_Malloc);
    for (int i = 0; i < n; i++) {
        const char *file = file_of(calls[i]);
        if (strcmp(file, here) != 0 && strcmp(file, python) != 0) return strstr(file, "/_kernels.") != NULL;
    }
    return 0;
}

static void *own_malloc(void *context, size_t size) {
    (void)context;
    int own = is_own();
    if (own) {
        requests++;
        if (countdown > 0 && --countdown == 0) return NULL;
    }
    void *made = before.malloc(before.ctx, size);
    if (own && made && n_live < LIVE_MOST) live[n_live++] = made;
    return made;
}

static void *own_calloc(void *context, size_t n, size_t size) {
    (void)context;
    return before.calloc(before.ctx, n, size);
}

static void *own_realloc(void *context, void *old, size_t size) {
    (void)context;
    return before.realloc(before.ctx, old, size);
}

static void own_free(void *context, void *old) {
    (void)context;
    for (long i = 0; old && i < n_live; i++)
        if (live[i] == old) {
            live[i] = live[--n_live];
            break;
        }
    before.free(before.ctx, old);
}

void wrap(void) {
    void *warm[CALLS];
    backtrace(warm, CALLS); /* loads its library before it is needed */
    PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &before);
    PyMemAllocatorEx own = {NULL, own_malloc, own_calloc, own_realloc, own_free};
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &own);
}

void unwrap(void) { PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &before); }

/* From now on: the n-th request fails (0: none), nothing is counted yet. */
void begin(long n) {
    countdown = n;
    requests = n_live = 0;
}

long asked(void) { return requests; }

long lost(void) { return n_live; }
