/* A small pool of threads: fixed chunks of work handed to whichever thread is free.
 *
 * What a chunk is depends on the problem alone, never on the number of threads, reductions take turns in
 * the order of the chunks (pool_turn), and all threads compute in the caller's floating-point environment.
 * So results are the same bits at 1, 2 or 64 threads.
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

/* How many forks this process is away from the one that made the pool: a child must not wait for lost threads. */
int pool_family(void);

/* Reductions in the order of the chunks: every chunk handed out calls wait, adds its share, calls done,
 * also when it was stopped half-way. */
typedef struct pool_turn {
    ptrdiff_t next;
#ifdef GD_PTHREADS
    int family; /* of the process that made it */
    pthread_mutex_t lock;
    pthread_cond_t moved;
#endif
} pool_turn;

void pool_turn_init(pool_turn *turn);
void pool_turn_wait(pool_turn *turn, ptrdiff_t chunk); /* blocks until every chunk before it called done */
void pool_turn_done(pool_turn *turn);
void pool_turn_destroy(pool_turn *turn);

/* The same where a chunk's share lies in a piece of scratch, so that a slow thread does not hold up the others: what is
 * computed before its turn is set aside, its thread goes on in a spare piece, and who adds the chunk that was missing
 * adds those as well. (A thread of another library that spins on one of the processors makes a thread slow.) */
enum { POOL_PIECES_MOST = 64 };

typedef void (*pool_add)(void *context, int piece);

typedef struct pool_sum {
    ptrdiff_t next; /* the chunks before it are added */
    int n_spare, n_aside;
    int has_spare;                       /* at all: else a worker's piece is always its own */
    int piece_of[POOL_PIECES_MOST];      /* the worker's, now */
    int spare[POOL_PIECES_MOST];
    int aside[POOL_PIECES_MOST];         /* pieces that wait for their turn, and */
    ptrdiff_t chunks[POOL_PIECES_MOST];  /* whose they are */
#ifdef GD_PTHREADS
    int family;
    pthread_mutex_t lock;
    pthread_cond_t moved;
#endif
} pool_sum;

/* How many pieces of so many bytes a job has, spare ones included; one for each worker at least. */
int pool_pieces(int n_threads, ptrdiff_t n_chunks, size_t bytes);
void pool_sum_init(pool_sum *sum, int n_threads, int n_pieces);
/* Where a worker computes its next chunk. */
static inline int pool_piece(const pool_sum *sum, int worker) {
    return sum->has_spare ? sum->piece_of[worker] : worker;
}
/* Every chunk handed out comes here when its share is computed, also when it was stopped half-way. */
void pool_sum_add(pool_sum *sum, ptrdiff_t chunk, int worker, pool_add add, void *context);
void pool_sum_destroy(pool_sum *sum);

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
