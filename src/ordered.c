/* Reductions in the order of the chunks: turns, and sums whose pieces are set aside. Contract in pool.h. */
#include "pool.h"

#ifndef GD_PTHREADS

void pool_turn_init(pool_turn *turn)
{
    turn->next = 0;
}

void pool_turn_wait(pool_turn *turn, ptrdiff_t chunk)
{
    (void)turn;
    (void)chunk;
}

void pool_turn_done(pool_turn *turn)
{
    turn->next++;
}

void pool_turn_destroy(pool_turn *turn)
{
    (void)turn;
}

int pool_pieces(int n_threads, ptrdiff_t n_chunks, size_t bytes)
{
    (void)n_threads;
    (void)n_chunks;
    (void)bytes;
    return 1;
}

void pool_sum_init(pool_sum *sum, int n_threads, int n_pieces)
{
    (void)n_threads;
    (void)n_pieces;
    sum->next = 0;
    sum->has_spare = 0;
}

void pool_sum_add(pool_sum *sum, ptrdiff_t chunk, int worker, pool_add add, void *context)
{
    (void)chunk;
    add(context, worker);
    sum->next++;
}

void pool_sum_destroy(pool_sum *sum)
{
    (void)sum;
}

#else

void pool_turn_init(pool_turn *turn)
{
    turn->next = 0;
    turn->family = pool_family();
    pthread_mutex_init(&turn->lock, NULL);
    pthread_cond_init(&turn->moved, NULL);
}

void pool_turn_wait(pool_turn *turn, ptrdiff_t chunk)
{
    if (turn->family != pool_family())
        return;
    pthread_mutex_lock(&turn->lock);
    while (turn->next < chunk)
        pthread_cond_wait(&turn->moved, &turn->lock);
    pthread_mutex_unlock(&turn->lock);
}

void pool_turn_done(pool_turn *turn)
{
    if (turn->family != pool_family())
        return;
    pthread_mutex_lock(&turn->lock);
    turn->next++;
    pthread_cond_broadcast(&turn->moved);
    pthread_mutex_unlock(&turn->lock);
}

void pool_turn_destroy(pool_turn *turn)
{
    if (turn->family != pool_family())
        return;
    pthread_cond_destroy(&turn->moved);
    pthread_mutex_destroy(&turn->lock);
}

#define SPARE_BYTES (8 << 20) /* of all spare pieces: what is larger is not worth its memory */

int pool_pieces(int n_threads, ptrdiff_t n_chunks, size_t bytes)
{
    if (n_threads > n_chunks)
        n_threads = (int)n_chunks;
    if (n_threads <= 1)
        return 1;
    size_t spare = 2 * (size_t)n_threads, room = SPARE_BYTES / (bytes > 0 ? bytes : 1);
    if (spare > room)
        spare = room;
    size_t most = n_chunks < POOL_PIECES_MOST ? (size_t)n_chunks : POOL_PIECES_MOST, all = (size_t)n_threads + spare;
    if (all > most)
        all = most;
    return all > (size_t)n_threads ? (int)all : n_threads;
}

void pool_sum_init(pool_sum *sum, int n_threads, int n_pieces)
{
    sum->next = 0;
    sum->n_aside = 0;
    sum->has_spare = n_pieces > n_threads;
    sum->n_spare = 0;
    for (int piece = 0; sum->has_spare && piece < n_pieces; piece++) {
        if (piece < n_threads)
            sum->piece_of[piece] = piece;
        else
            sum->spare[sum->n_spare++] = piece;
    }
    sum->family = pool_family();
    pthread_mutex_init(&sum->lock, NULL);
    pthread_cond_init(&sum->moved, NULL);
}

/* With the lock held: the piece set aside for the next chunk, or -1. */
static int next_aside(pool_sum *sum)
{
    for (int i = 0; i < sum->n_aside; i++) {
        if (sum->chunks[i] != sum->next)
            continue;
        int piece = sum->aside[i];
        sum->n_aside--;
        sum->aside[i] = sum->aside[sum->n_aside];
        sum->chunks[i] = sum->chunks[sum->n_aside];
        return piece;
    }
    return -1;
}

void pool_sum_add(pool_sum *sum, ptrdiff_t chunk, int worker, pool_add add, void *context)
{
    if (sum->family != pool_family())
        return;
    int own = pool_piece(sum, worker), piece = own;
    pthread_mutex_lock(&sum->lock);
    while (sum->next != chunk) {
        if (sum->has_spare && sum->n_spare > 0) {
            sum->aside[sum->n_aside] = own;
            sum->chunks[sum->n_aside++] = chunk;
            sum->piece_of[worker] = sum->spare[--sum->n_spare];
            pthread_mutex_unlock(&sum->lock);
            return;
        }
        pthread_cond_wait(&sum->moved, &sum->lock);
    }
    while (piece >= 0) { /* nobody else adds: it is nobody else's turn */
        pthread_mutex_unlock(&sum->lock);
        add(context, piece);
        pthread_mutex_lock(&sum->lock);
        sum->next++;
        if (piece != own)
            sum->spare[sum->n_spare++] = piece;
        piece = next_aside(sum);
        pthread_cond_broadcast(&sum->moved);
    }
    pthread_mutex_unlock(&sum->lock);
}

void pool_sum_destroy(pool_sum *sum)
{
    if (sum->family != pool_family())
        return;
    pthread_cond_destroy(&sum->moved);
    pthread_mutex_destroy(&sum->lock);
}

#endif
