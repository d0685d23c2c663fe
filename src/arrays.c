/* Scans and checked copies of arrays, reproducible permutations, large pages. */
#ifdef __linux__
#define _DEFAULT_SOURCE /* madvise */
#include <sys/mman.h>
#endif
#include "arrays.h"

#include <string.h>

/* All bits of the exponent set: NaN or infinity. Whole rows are reduced with OR so that compilers vectorise. */
#define DEFINE_ROW_SCAN(type, exponent)                                                                                \
    static int row_has_##type(const char *x, ptrdiff_t d) {                                                            \
        type found = 0;                                                                                                \
        for (ptrdiff_t j = 0; j < d; j++) {                                                                            \
            type bits;                                                                                                 \
            memcpy(&bits, x + j * (ptrdiff_t)sizeof(type), sizeof(type));                                              \
            found |= (type)((bits & exponent) == exponent);                                                            \
        }                                                                                                              \
        return found != 0;                                                                                             \
    }                                                                                                                  \
    static int element_is_##type(const char *x) {                                                                      \
        type bits;                                                                                                     \
        memcpy(&bits, x, sizeof(type));                                                                                \
        return (bits & exponent) == exponent;                                                                          \
    }
DEFINE_ROW_SCAN(uint16_t, 0x7c00u)
DEFINE_ROW_SCAN(uint32_t, 0x7f800000u)
DEFINE_ROW_SCAN(uint64_t, 0x7ff0000000000000u)

enum { ASKED_EVERY = 1 << 20 }; /* elements between two questions whether to stop */

static int is_time_to_stop(ptrdiff_t *read, ptrdiff_t more, pool_control *control) {
    *read += more;
    if (*read < ASKED_EVERY) return 0;
    *read = 0;
    return pool_stopped(control, 0);
}

ptrdiff_t gd_first_not_finite(const char *x, ptrdiff_t n, ptrdiff_t d, ptrdiff_t row_stride, ptrdiff_t column_stride,
                              int size, pool_control *control) {
    int (*row_has)(const char *, ptrdiff_t) = size == 2 ? row_has_uint16_t : size == 4 ? row_has_uint32_t : row_has_uint64_t;
    int (*element_is)(const char *) = size == 2 ? element_is_uint16_t : size == 4 ? element_is_uint32_t : element_is_uint64_t;
    ptrdiff_t read = 0;
    if (column_stride != size && row_stride == size) { /* columns in memory order: scanned first */
        int found = 0;
        for (ptrdiff_t j = 0; j < d && !found && !is_time_to_stop(&read, n, control); j++)
            found = row_has(x + j * column_stride, n);
        if (!found) return -1;
    }
    for (ptrdiff_t i = 0; i < n && !is_time_to_stop(&read, d, control); i++) {
        const char *row = x + i * row_stride;
        if (column_stride == size && !row_has(row, d)) continue;
        for (ptrdiff_t j = 0; j < d; j++)
            if (element_is(row + j * column_stride)) return i * d + j;
    }
    return -1;
}

/* v | (limit - 1 - v) has the sign bit set exactly where v is outside [0, limit): so compilers vectorise the copy. */
#define DEFINE_CHECKED_COPY(name, type, unsigned_type)                                                                 \
    int64_t name(type *to, const type *from, int64_t n, type limit) {                                                  \
        unsigned_type last = (unsigned_type)limit - 1, bad = 0;                                                        \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            unsigned_type v = (unsigned_type)from[i];                                                                  \
            to[i] = (type)v;                                                                                           \
            bad |= v | (last - v);                                                                                     \
        }                                                                                                              \
        if ((type)bad >= 0) return -1;                                                                                 \
        for (int64_t i = 0; i < n; i++)                                                                                \
            if (to[i] < 0 || to[i] >= limit) return i;                                                                 \
        return -1;                                                                                                     \
    }
DEFINE_CHECKED_COPY(gd_copy_positions, int64_t, uint64_t)
DEFINE_CHECKED_COPY(gd_copy_labels, int32_t, uint32_t)

int64_t gd_first_not_rising(const int64_t *numbers, int64_t n) {
    for (int64_t i = 1; i < n; i++)
        if (numbers[i] <= numbers[i - 1]) return i;
    return -1;
}

/* Philox4x32-10: a counter-based generator (Salmon, Moraes, Dror and Shaw, SC 2011). */
static void philox(uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(b >> 32) ^ c1 ^ k0, n2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)b;
        c3 = (uint32_t)a;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

typedef struct stream {
    uint32_t key[2];
    uint64_t epoch, block;
    uint32_t words[4];
    int used;
} stream;

static uint32_t next_word(stream *s) {
    if (s->used == 4) {
        uint32_t counter[4] = {(uint32_t)s->block, (uint32_t)(s->block >> 32), (uint32_t)s->epoch,
                               (uint32_t)(s->epoch >> 32)};
        philox(counter, s->key, s->words);
        s->block++;
        s->used = 0;
    }
    return s->words[s->used++];
}

/* Uniform in [0, bound): products with rejection for 32-bit bounds, plain rejection above. */
static uint64_t below(stream *s, uint64_t bound) {
    if (bound <= 0xffffffffu) {
        uint32_t b = (uint32_t)bound, threshold = (uint32_t)(-b) % b;
        for (;;) {
            uint64_t product = (uint64_t)next_word(s) * b;
            if ((uint32_t)product >= threshold) return product >> 32;
        }
    }
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    for (;;) {
        uint64_t high = next_word(s), word = high << 32 | next_word(s);
        if (word < limit) return word % bound;
    }
}

void gd_permutation(int64_t *out, int64_t n, uint64_t seed, uint64_t epoch, pool_control *control) {
    stream s = {.key = {(uint32_t)seed, (uint32_t)(seed >> 32)}, .epoch = epoch, .used = 4};
    for (int64_t i = 0; i < n; i++) out[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        if (i % ASKED_EVERY == 0 && pool_stopped(control, 0)) return;
        int64_t j = (int64_t)below(&s, (uint64_t)i + 1), kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}

void gd_prefer_large_pages(void *memory, size_t size) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const uintptr_t page = (uintptr_t)1 << 21;
    uintptr_t begin = ((uintptr_t)memory + page - 1) & ~(page - 1), end = ((uintptr_t)memory + size) & ~(page - 1);
    if (end > begin) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)size;
#endif
}
