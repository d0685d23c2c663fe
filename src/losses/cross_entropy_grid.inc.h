/* Softmax on a grid: exp(d + a u + b v) = exp(d + a u) * exp(b v), so a row's sums over classes at all points are one small
 * matrix product, and its exponentials are for the lines of the grid, not for the points.
 *
 * Scores are taken relative to the label's, whose exponential is 1: a row's loss is log(1 + z) with z the sum over the
 * other classes. Rows of equal weights are multiplied before the logarithm is taken, as the product less 1, so that small
 * losses keep their digits: (1 + q)(1 + z) - 1 = q + z + q z. How far z may grow is known beforehand (a linear function is
 * largest at a corner), so products are ended before they could overflow. Rows whose scores spread too far for factors are
 * evaluated point by point; so are those that are not finite, which then reach the value. */

#if !defined(REAL) || !REAL_IS_DOUBLE
#error "losses/cross_entropy_grid.inc.h needs REAL double, exp_vector"
#endif

#include "differences/expm1_log1p.inc.h"

enum {
    GRID_HEIGHT = 6,             /* lines along `a` of a tile: with two vectors along `b` their sums fill the registers */
    GRID_WIDTH = 2 * DOUBLE_LANES,
    GRID_STRIDE = 8,             /* what GRID_HEIGHT exponentials are padded to */
    GRID_TILE = GRID_HEIGHT * GRID_WIDTH,
    GRID_ROWS = 8,               /* rows whose exponentials are there at once, where they stay in the cache */
    GRID_CACHE = 128 * 1024
};
#define GRID_REACH 170.0 /* of exponents around the middle of the grid: no factor leaves the normal numbers */
#define GRID_MOST 690.0  /* of an exponent */
#define GRID_BITS 1000.0 /* of a product */
#define BITS_OF_E 1.4426950408889634

/* The points of an axis, as steps from its middle, in tiles; the last one is filled up. */
typedef struct grid_axis {
    ptrdiff_t n, width, stride, n_tiles; /* a tile holds `width` points and lies `stride` apart from the next */
    double middle, half;
    int even;              /* evenly spaced: points of a tile are its first one + `fine` */
    double *points;        /* (n_tiles, stride) */
    double *starts, *fine; /* less the middle (n_tiles,), padded to vectors; (stride,) */
} grid_axis;

typedef struct softmax_grid {
    const gd_problem *problem;
    const gd_grid_part *part;
    grid_axis a, b;
    ptrdiff_t others, at_once; /* classes but one; rows */
    double *d, *u, *v;         /* (others,) of a row: gaps to the label's score in the middle of the grid, and their rates */
    double bits;               /* log2(k) */
    double *left, *right;      /* (a.n_tiles, at_once, others, GRID_STRIDE), (b.n_tiles, at_once, others, GRID_WIDTH) */
    double *products, *sums;   /* less 1; of losses (b.n_tiles, a.n_tiles, GRID_TILE) */
} softmax_grid;

static void grid_axis_carve(char *base, size_t *used, grid_axis *axis, ptrdiff_t n, ptrdiff_t width, ptrdiff_t stride) {
    axis->n = n, axis->width = width, axis->stride = stride;
    axis->n_tiles = (n + width - 1) / width;
    axis->points = carve(base, used, (size_t)(axis->n_tiles * stride) * sizeof(double));
    axis->starts = carve(base, used, (size_t)(axis->n_tiles + DOUBLE_LANES) * sizeof(double));
    axis->fine = carve(base, used, (size_t)stride * sizeof(double));
}

static size_t softmax_grid_carve(char *base, softmax_grid *g, ptrdiff_t k, ptrdiff_t n_a, ptrdiff_t n_b) {
    size_t used = 0;
    grid_axis_carve(base, &used, &g->a, n_a, GRID_HEIGHT, GRID_STRIDE);
    grid_axis_carve(base, &used, &g->b, n_b, GRID_WIDTH, GRID_WIDTH);
    ptrdiff_t lines = g->a.n_tiles * GRID_STRIDE + g->b.n_tiles * GRID_WIDTH, points = g->a.n_tiles * g->b.n_tiles * GRID_TILE;
    g->others = k - 1;
    g->at_once = GRID_CACHE / (ptrdiff_t)sizeof(double) / (lines * k);
    g->at_once = g->at_once < 1 ? 1 : g->at_once > GRID_ROWS ? GRID_ROWS : g->at_once;
    g->d = carve(base, &used, (size_t)k * sizeof(double));
    g->u = carve(base, &used, (size_t)k * sizeof(double));
    g->v = carve(base, &used, (size_t)k * sizeof(double));
    g->left = carve(base, &used, (size_t)(g->a.n_tiles * g->at_once * k * GRID_STRIDE) * sizeof(double));
    g->right = carve(base, &used, (size_t)(g->b.n_tiles * g->at_once * k * GRID_WIDTH) * sizeof(double));
    g->products = carve(base, &used, (size_t)points * sizeof(double));
    g->sums = carve(base, &used, (size_t)points * sizeof(double));
    return used;
}

static size_t softmax_on_grid_scratch(ptrdiff_t k, ptrdiff_t n_a, ptrdiff_t n_b) {
    softmax_grid g;
    return softmax_grid_carve(NULL, &g, k, n_a, n_b);
}

static void grid_axis_fill(grid_axis *axis, const double *points) {
    ptrdiff_t n = axis->n;
    double spacing = n > 1 ? (points[n - 1] - points[0]) / (double)(n - 1) : 0;
    double low = points[0], high = points[0], off = 0, rest = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        low = fmin(low, points[i]), high = fmax(high, points[i]);
        off = fmax(off, fabs(points[i] - (points[0] + (double)i * spacing)));
        rest += points[i] * 0;
    }
    axis->even = off <= 4 * 2.220446049250313e-16 * fmax(fabs(low), fabs(high));
    axis->middle = low / 2 + high / 2;
    axis->half = rest; /* NaN where a point is not finite */
    for (ptrdiff_t i = 0; i < axis->stride; i++) axis->fine[i] = (double)i * spacing;
    for (ptrdiff_t t = 0; t < axis->n_tiles + DOUBLE_LANES; t++)
        axis->starts[t] = t < axis->n_tiles ? points[t * axis->width] - axis->middle : 0;
    for (ptrdiff_t t = 0; t < axis->n_tiles; t++)
        for (ptrdiff_t i = 0; i < axis->stride; i++) {
            ptrdiff_t at = t * axis->width + i;
            double point = axis->points[t * axis->stride + i] = points[at < n ? at : n - 1];
            double step = fabs(axis->even ? axis->starts[t] + axis->fine[i] : point - axis->middle);
            if (step > axis->half && i < axis->width) axis->half = step;
        }
}

/* Gaps of row i's scores to its label's. Returns a bound on the bits of 1 + z, infinity where factors could leave the normal
 * numbers, NaN where a score is not finite. */
static double softmax_gaps(softmax_grid *g, ptrdiff_t i, ptrdiff_t label) {
    ptrdiff_t k = g->problem->n_classes, o = 0;
    const gd_grid *grid = g->part->grid;
    const double *s = grid->base + i * k, *first = grid->first + i * k, *second = grid->second + i * k;
    double half_a = g->a.half, half_b = g->b.half, most = 0, reach = 0, rest = 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        rest += s[c] * 0 + first[c] * 0 + second[c] * 0;
        if (c == label) continue;
        double u = first[c] - first[label], v = second[c] - second[label];
        double d = (s[c] - s[label]) + (g->a.middle * u + g->b.middle * v), r = half_a * fabs(u) + half_b * fabs(v);
        g->d[o] = d, g->u[o] = u, g->v[o] = v, o++;
        reach = r > reach ? r : reach;
        most = d + r > most ? d + r : most;
    }
    if (!(rest == 0)) return (double)NAN;
    return half_a + half_b >= 0 && reach <= GRID_REACH && most <= GRID_MOST ? BITS_OF_E * most + g->bits : (double)INFINITY;
}

/* exp(start + rate * step) for the steps of an axis; tiles of it lie `apart` */
INLINE void softmax_lines(const grid_axis *axis, ptrdiff_t stride, double start, double rate, double *to, ptrdiff_t apart) {
    const vdouble along = broadcast_double(rate), from = broadcast_double(start);
    if (!axis->even) {
        for (ptrdiff_t t = 0; t < axis->n_tiles; t++)
            for (ptrdiff_t q = 0; q < stride; q += DOUBLE_LANES)
                *(vdouble *)(to + t * apart + q) = exp_vector_double(
                    fma_vdouble(along, *(const vdouble *)(axis->points + t * stride + q) - axis->middle, from));
        return;
    }
    vdouble fine[GRID_STRIDE / DOUBLE_LANES > 2 ? GRID_STRIDE / DOUBLE_LANES : 2];
    for (ptrdiff_t q = 0; q < stride / DOUBLE_LANES; q++)
        fine[q] = exp_vector_double(along * ((const vdouble *)axis->fine)[q]);
    for (ptrdiff_t t = 0; t < axis->n_tiles; t += DOUBLE_LANES) {
        double coarse[DOUBLE_LANES] __attribute__((aligned(64)));
        *(vdouble *)coarse = exp_vector_double(fma_vdouble(along, *(const vdouble_unaligned *)(axis->starts + t), from));
        ptrdiff_t n = axis->n_tiles - t < DOUBLE_LANES ? axis->n_tiles - t : DOUBLE_LANES;
        for (ptrdiff_t e = 0; e < n; e++)
            for (ptrdiff_t q = 0; q < stride / DOUBLE_LANES; q++)
                *(vdouble *)(to + (t + e) * apart + q * DOUBLE_LANES) = fine[q] * coarse[e];
    }
}

APART void softmax_factors(softmax_grid *g, ptrdiff_t row) {
    ptrdiff_t apart_a = g->at_once * g->others * GRID_STRIDE, apart_b = g->at_once * g->others * GRID_WIDTH;
    for (ptrdiff_t c = 0; c < g->others; c++) {
        softmax_lines(&g->a, GRID_STRIDE, g->d[c], g->u[c], g->left + (row * g->others + c) * GRID_STRIDE, apart_a);
        softmax_lines(&g->b, GRID_WIDTH, 0, g->v[c], g->right + (row * g->others + c) * GRID_WIDTH, apart_b);
    }
}

/* The products of n_rows rows more. */
APART void softmax_multiply(softmax_grid *g, ptrdiff_t n_rows) {
    ptrdiff_t others = g->others;
    double *q = g->products;
    for (ptrdiff_t s = 0; s < g->b.n_tiles; s++)
        for (ptrdiff_t t = 0; t < g->a.n_tiles; t++, q += GRID_TILE) {
            const double *a = g->left + t * g->at_once * others * GRID_STRIDE;
            const double *b = g->right + s * g->at_once * others * GRID_WIDTH;
            vdouble product[GRID_HEIGHT * 2]; /* a copy: else it is written here and there, for all that the compiler knows */
            memcpy(product, q, sizeof product);
            for (ptrdiff_t r = 0; r < n_rows; r++) {
                vdouble z[GRID_HEIGHT][2];
                _Pragma("GCC unroll 8") for (int i = 0; i < GRID_HEIGHT; i++) z[i][0] = z[i][1] = broadcast_double(0);
                for (ptrdiff_t c = 0; c < others; c++, a += GRID_STRIDE, b += GRID_WIDTH) {
                    vdouble b0 = ((const vdouble *)b)[0], b1 = ((const vdouble *)b)[1];
                    _Pragma("GCC unroll 8") for (int i = 0; i < GRID_HEIGHT; i++) {
                        vdouble e = broadcast_double(a[i]);
                        z[i][0] = fma_vdouble(e, b0, z[i][0]);
                        z[i][1] = fma_vdouble(e, b1, z[i][1]);
                    }
                }
                _Pragma("GCC unroll 8") for (int i = 0; i < GRID_HEIGHT; i++) {
                    product[2 * i] = fma_vdouble(product[2 * i], z[i][0], product[2 * i] + z[i][0]);
                    product[2 * i + 1] = fma_vdouble(product[2 * i + 1], z[i][1], product[2 * i + 1] + z[i][1]);
                }
            }
            memcpy(q, product, sizeof product);
        }
}

APART void softmax_logarithms(softmax_grid *g, double weight) {
    ptrdiff_t n = g->a.n_tiles * g->b.n_tiles * GRID_TILE;
    for (ptrdiff_t e = 0; e < n; e += DOUBLE_LANES) {
        *(vdouble *)(g->sums + e) += weight * log1p_vector(*(vdouble *)(g->products + e));
        *(vdouble *)(g->products + e) = broadcast_double(0);
    }
}

/* Row i point by point, from its own scores. */
APART void softmax_points(softmax_grid *g, ptrdiff_t i, ptrdiff_t label, double weight, double finite) {
    const gd_grid *grid = g->part->grid;
    ptrdiff_t k = g->problem->n_classes;
    double *sums = g->sums, own = grid->base[i * k + label];
    for (ptrdiff_t c = 0, o = 0; c < k; c++)
        if (c != label) g->d[o++] = grid->base[i * k + c] - own;
    for (ptrdiff_t s = 0; s < g->b.n_tiles; s++)
        for (ptrdiff_t t = 0; t < g->a.n_tiles; t++)
            for (ptrdiff_t h = 0; h < GRID_HEIGHT; h++)
                for (ptrdiff_t q = 0; q < GRID_WIDTH; q += DOUBLE_LANES, sums += DOUBLE_LANES) {
                    double a = g->a.points[t * GRID_STRIDE + h];
                    vdouble b = *(const vdouble *)(g->b.points + s * GRID_WIDTH + q), rest = broadcast_double(finite);
                    vdouble most = broadcast_double(0), z;
                    for (ptrdiff_t c = 0; c < g->others; c++) {
                        vdouble gap = (g->d[c] + a * g->u[c]) + b * g->v[c];
                        rest += gap * 0;
                        most = max_vdouble(most, gap);
                    }
                    z = exp_vector_double(-most) - 1.0;
                    for (ptrdiff_t c = 0; c < g->others; c++)
                        z += exp_vector_double((g->d[c] + a * g->u[c]) + b * g->v[c] - most);
                    *(vdouble *)sums += weight * (most + log1p_vector(z) + rest);
                }
}

/* Adds the losses of rows begin .. end - 1, weighted, to the part's sums. */
static void softmax_on_grid(const gd_problem *p, const gd_grid_part *part, ptrdiff_t begin, ptrdiff_t end, void *scratch,
                            pool_control *control, int worker) {
    softmax_grid g = {.problem = p, .part = part, .bits = log2((double)p->n_classes)};
    softmax_grid_carve(scratch, &g, p->n_classes, part->n_a, part->n_b);
    grid_axis_fill(&g.a, part->grid->a + part->first_a);
    grid_axis_fill(&g.b, part->grid->b + part->first_b);
    size_t bytes = (size_t)(g.a.n_tiles * g.b.n_tiles * GRID_TILE) * sizeof(double);
    memset(g.products, 0, bytes);
    memset(g.sums, 0, bytes);
    double common = 0, used = 0; /* the weight of the rows in the products, and their bits */
    ptrdiff_t n = 0;             /* rows whose factors are there */
    for (ptrdiff_t i = begin; i < end; i++) {
        if ((i - begin) % GRID_ROWS == 0 && pool_stopped(control, worker)) return;
        ptrdiff_t id = p->index ? p->index[i] : i, label = p->labels[id];
        double weight = p->weights ? p->weights[id] : 1;
        if (weight == 0) continue;
        double bits = softmax_gaps(&g, i, label);
        if (!(bits <= GRID_BITS)) {
            softmax_points(&g, i, label, weight, bits > 0 ? 0 : bits);
            continue;
        }
        if (used > 0 && (weight != common || used + bits > GRID_BITS)) {
            softmax_multiply(&g, n);
            softmax_logarithms(&g, common);
            n = 0, used = 0;
        }
        common = weight;
        used += bits;
        softmax_factors(&g, n++);
        if (n < g.at_once) continue;
        softmax_multiply(&g, n);
        n = 0;
    }
    softmax_multiply(&g, n);
    softmax_logarithms(&g, common);
    for (ptrdiff_t t = 0; t < g.a.n_tiles; t++)
        for (ptrdiff_t i = 0; i < GRID_HEIGHT && t * GRID_HEIGHT + i < part->n_a; i++)
            for (ptrdiff_t q = 0; q < part->n_b; q++) {
                ptrdiff_t s = q / GRID_WIDTH, tile = (s * g.a.n_tiles + t) * GRID_TILE;
                part->sums[(t * GRID_HEIGHT + i) * part->n_b + q] += g.sums[tile + i * GRID_WIDTH + q % GRID_WIDTH];
            }
}
