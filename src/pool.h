/* A small pool of threads: fixed chunks of work handed to whichever thread is free.
 *
 * What a chunk is depends on the problem alone, never on the number of threads, and reductions take
 * turns in the order of the chunks (pool_turn). So results are the same bits at 1, 2 or 64 threads.
 *
 * Not OpenMP: a child forked after a parallel call must go on (gcc's libgomp hangs there), idle
 * threads must sleep, and Ctrl-C must be noticed. Nothing here can fail: where no thread can be
 * started, the calling thread does all the work.
 */
#ifndef GD_POOL_H
#define GD_POOL_H

#include <stddef.h>

#ifdef GD_PTHREADS
#include <pthread.h>
#endif

/* One chunk of a job. `worker` in [0, n_threads) picks the scratch space; worker 0 is the caller. */
typedef void (*pool_task)(void *context, ptrdiff_t chunk, int worker);

/* How a job is stopped early. The caller sets poll and poll_context (or leaves NULL) and zeroes the rest.
 * poll is called in the calling thread only, with no lock held, about every 50 ms; nonzero means stop.
 * After pool_run, stop != 0 means that chunks were skipped and the outputs must be discarded. */
typedef struct pool_control {
    volatile int stop;
    int (*poll)(void *poll_context);
    void *poll_context;
    double last_poll; /* pool_seconds() at the last poll; set by pool_run when a job starts */
} pool_control;

#define POOL_POLL_SECONDS 0.05

/* Calls task for the chunks 0 .. n_chunks - 1, handed out in increasing order, and returns when all that
 * were handed out have returned. The caller works too. Serial in the caller, without a lock, for one thread
 * or one chunk, and also when the pool is busy with another caller's job. control may be NULL. */
void pool_run(pool_task task, void *context, ptrdiff_t n_chunks, int n_threads, pool_control *control);

/* A monotonic clock, in seconds. */
double pool_seconds(void);

#if defined(__GNUC__)
#define POOL_LOAD(place) __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define POOL_STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)
#else
#define POOL_LOAD(place) (place)
#define POOL_STORE(place, value) ((place) = (value))
#endif

/* Asked by tasks between blocks of rows: should this job end? Worker 0 polls when it is time to. */
static inline int pool_stopped(pool_control *control, int worker)
{
    if (control == NULL)
        return 0;
    if (worker == 0 && control->poll != NULL && !POOL_LOAD(control->stop)) {
        double now = pool_seconds();
        if (now - control->last_poll > POOL_POLL_SECONDS) {
            control->last_poll = now;
            if (control->poll(control->poll_context))
                POOL_STORE(control->stop, 1);
        }
    }
    return POOL_LOAD(control->stop);
}

/* Reductions in the order of the chunks: every chunk handed out calls wait, adds its share, calls done,
 * also when it was stopped half-way. */
typedef struct pool_turn {
    ptrdiff_t next;
#ifdef GD_PTHREADS
    int family; /* the process that made it, counted in forks: a child must not wait for lost threads */
    pthread_mutex_t lock;
    pthread_cond_t moved;
#endif
} pool_turn;

void pool_turn_init(pool_turn *turn);
void pool_turn_wait(pool_turn *turn, ptrdiff_t chunk); /* blocks until every chunk before it called done */
void pool_turn_done(pool_turn *turn);
void pool_turn_destroy(pool_turn *turn);

/* From now on the calling thread, and no other, uses so many threads; 0: the process's count. What it was is returned.
 * So a fit has a count of its own while other Python threads go on with theirs. */
int pool_use_threads(int n_threads);

/* The thread count of the process, or the calling thread's own: read by the binding at each call, and by threadpoolctl,
 * which finds these two symbols in the shared library. Below 1 is taken as 1. */
#if defined(_WIN32)
#define POOL_PUBLIC __declspec(dllexport)
#elif defined(__GNUC__)
#define POOL_PUBLIC __attribute__((visibility("default")))
#else
#define POOL_PUBLIC
#endif
POOL_PUBLIC int gdfast_get_num_threads(void);
POOL_PUBLIC void gdfast_set_num_threads(int n_threads);

#endif
