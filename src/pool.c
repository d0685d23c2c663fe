/* The thread pool; with ordered.c the only file that knows about threads. Contract in pool.h.
 *
 * One lock guards one job. A free thread takes the next chunk under the lock and works without it; a chunk
 * is long (some 0.1 ms and more), so the lock is hardly ever contended. Threads with nothing to do sleep on
 * `work`; the caller, when its own chunks are done, sleeps on `idle` and wakes only to poll.
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "pool.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>

static int thread_count = 1;

/* What the calling thread asked for itself; 0: the process's count. */
#if defined(_MSC_VER)
static __declspec(thread) int own_thread_count = 0;
#else
static _Thread_local int own_thread_count = 0;
#endif

int gdfast_get_num_threads(void)
{
    return own_thread_count > 0 ? own_thread_count : POOL_LOAD(thread_count);
}

int pool_use_threads(int n_threads)
{
    int before = own_thread_count;
    own_thread_count = n_threads < 0 ? 0 : n_threads;
    return before;
}

void gdfast_set_num_threads(int n_threads)
{
    POOL_STORE(thread_count, n_threads < 1 ? 1 : n_threads);
}

double pool_seconds(void)
{
    struct timespec now;
#ifdef CLOCK_MONOTONIC
    clock_gettime(CLOCK_MONOTONIC, &now);
#else
    timespec_get(&now, TIME_UTC);
#endif
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void run_serially(pool_task task, void *context, ptrdiff_t n_chunks, pool_control *control)
{
    for (ptrdiff_t chunk = 0; chunk < n_chunks && !pool_stopped(control, 0); chunk++)
        task(context, chunk, 0);
}

#ifndef GD_PTHREADS

void pool_run(pool_task task, void *context, ptrdiff_t n_chunks, int n_threads, pool_control *control)
{
    (void)n_threads;
    if (control != NULL)
        control->last_poll = pool_seconds();
    run_serially(task, context, n_chunks, control);
}

#else

#include <fenv.h>
#include <signal.h>

/* The clock that timed waits count by; macOS has only the wall clock for them. */
#ifdef __APPLE__
#define WAIT_CLOCK CLOCK_REALTIME
#else
#define WAIT_CLOCK CLOCK_MONOTONIC
#endif

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    int family;    /* grows at each fork, in the child */
    int n_started; /* threads alive: workers 1 .. n_started */
    int n_working; /* of them, how many have a chunk */
    int busy;      /* a job is on */
    pool_task task;
    void *context;
    ptrdiff_t next_chunk, n_chunks;
    int n_threads;
    pool_control *control;
    fenv_t arithmetic; /* the caller's: how numbers are rounded, and whether the smallest are 0 */
} pool;

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* An empty pool with fresh locks. */
static void make_pool(void)
{
    pthread_condattr_t by_clock;
    pthread_condattr_init(&by_clock);
#ifndef __APPLE__
    pthread_condattr_setclock(&by_clock, WAIT_CLOCK);
#endif
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.work, NULL);
    pthread_cond_init(&pool.idle, &by_clock);
    pthread_condattr_destroy(&by_clock);
    pool.n_started = pool.n_working = pool.busy = 0;
    pool.next_chunk = pool.n_chunks = 0;
}

static void before_fork(void)
{
    pthread_mutex_lock(&pool.lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&pool.lock);
}

/* Only the forking thread lives on: the pool's threads, and a job that was on, are gone. */
static void after_fork_in_child(void)
{
    make_pool();
    pool.family++;
}

static void first_use(void)
{
    make_pool();
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* With the lock held on entry and on return: takes chunks until there are none, or the job is stopped. */
static void work_on_chunks(int worker)
{
    while (pool.next_chunk < pool.n_chunks) {
        if (pool.control != NULL && POOL_LOAD(pool.control->stop)) {
            pool.n_chunks = pool.next_chunk;
            break;
        }
        ptrdiff_t chunk = pool.next_chunk++;
        pool_task task = pool.task;
        void *context = pool.context;
        int family = pool.family;
        pthread_mutex_unlock(&pool.lock);
        task(context, chunk, worker);
        pthread_mutex_lock(&pool.lock);
        if (pool.family != family) /* forked while polling inside the task: a child, without its job */
            break;
    }
}

static void *live(void *argument)
{
    int worker = (int)(intptr_t)argument;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (pool.next_chunk >= pool.n_chunks || worker >= pool.n_threads)
            pthread_cond_wait(&pool.work, &pool.lock);
        pool.n_working++;
        fesetenv(&pool.arithmetic);
        work_on_chunks(worker);
        if (--pool.n_working == 0)
            pthread_cond_signal(&pool.idle);
    }
    return NULL;
}

/* More than any kernel needs, whatever the system gives a thread: that follows `ulimit -s`. */
#define STACK_BYTES ((size_t)1 << 20)

/* With the lock held: up to n threads besides the caller. Signals stay with the threads of the program. */
static void start_threads(int n)
{
    sigset_t all, before;
    pthread_attr_t detached;
    if (pool.n_started >= n || pthread_attr_init(&detached) != 0)
        return;
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.n_started < n) {
        pthread_t thread;
        if (pthread_create(&thread, &detached, live, (void *)(intptr_t)(pool.n_started + 1)) != 0)
            break;
        pool.n_started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
}

/* With the lock held: waits for the chunks that others still have, and polls meanwhile. */
static void wait_for_others(pool_control *control)
{
    int family = pool.family;
    while (pool.family == family && pool.n_working > 0) {
        struct timespec until;
        clock_gettime(WAIT_CLOCK, &until);
        until.tv_nsec += (long)(POOL_POLL_SECONDS * 1e9);
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        if (pthread_cond_timedwait(&pool.idle, &pool.lock, &until) == ETIMEDOUT) {
            pthread_mutex_unlock(&pool.lock);
            pool_stopped(control, 0);
            pthread_mutex_lock(&pool.lock);
        }
    }
}

void pool_run(pool_task task, void *context, ptrdiff_t n_chunks, int n_threads, pool_control *control)
{
    if (control != NULL)
        control->last_poll = pool_seconds();
    if (n_threads > n_chunks)
        n_threads = (int)n_chunks;
    if (n_threads <= 1) {
        run_serially(task, context, n_chunks, control);
        return;
    }
    pthread_once(&once, first_use);
    pthread_mutex_lock(&pool.lock);
    if (pool.busy) {
        pthread_mutex_unlock(&pool.lock);
        run_serially(task, context, n_chunks, control);
        return;
    }
    int family = pool.family;
    pool.busy = 1;
    start_threads(n_threads - 1);
    pool.task = task;
    pool.context = context;
    pool.control = control;
    fegetenv(&pool.arithmetic);
    pool.n_threads = n_threads;
    pool.next_chunk = 0;
    pool.n_chunks = n_chunks;
    pthread_cond_broadcast(&pool.work);
    work_on_chunks(0);
    if (pool.family == family)
        wait_for_others(control);
    if (pool.family == family)
        pool.busy = 0;
    else if (control != NULL)
        POOL_STORE(control->stop, 1);
    pthread_mutex_unlock(&pool.lock);
}

/* The forks this process is away from the one that made the pool. */
int pool_family(void)
{
    return pool.family;
}

#endif
