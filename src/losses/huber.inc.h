/* The Huber loss: sum over outputs of r^2 to |r| = delta (the problem's margin), from there on 2 delta |r| - delta^2. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_IN_DIFFERENCES) && !defined(LOSS_FACTS)
#error "losses/huber.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_IN_DIFFERENCES, LOSS_FACTS"
#endif

/* ---- value and coefficients, for one REAL ---- */
#if defined(LOSS_ON_SCORES)

/* r^2 up to |r| = delta, from there on along its tangent: with q = min(|r|, delta) both are q (2 |r| - q), and 2 |r| - q
 * is exactly |r| inside */
INLINE double R(huber_row)(REAL *s, ptrdiff_t k, const double *target, double delta) {
    double sum = 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        double residual = (double)s[c] - target[c], size = fabs(residual), q = size < delta ? size : delta;
        sum += q * (2 * size - q);
        s[c] = (REAL)(2 * copysign(q, residual));
    }
    return sum;
}

static void R(huber_rows)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, double *losses) {
    ptrdiff_t k = p->n_classes;
    for (int r = 0; r < n_rows; r++)
        losses[r] = R(huber_row)(scores + r * k, k, p->targets + ids[r] * k, p->margin);
}

#if REAL_IS_DOUBLE
/* held (2 |t| - held) with held = min(|t|, delta), by its negatives */
#define HUBER_GRID_TERM(sum, t)                                                                                        \
    vdouble size = -max_vdouble(t, -t), held = max_vdouble(size, broadcast_double(-limit));                            \
    sum = fma_vdouble(w * held, 2 * size - held, sum)
DEFINE_ON_GRID(huber, HUBER_GRID_TERM, 0)
#endif

#endif

/* ---- differences, in float64 ---- */
#if defined(LOSS_IN_DIFFERENCES)

#if HAS_CLAMP
#define HELD_WITHIN(m, limit) clamp_vdouble(m, limit)
#else
#define HELD_WITHIN(m, limit) (-max_vdouble(-max_vdouble(m, -(limit)), -(limit)))
#endif

/* h(m + t) - h(m - t) for h(x) = c (2 x - c), c being x held within +- limit: with the sum and the difference of the
 * two c it is 2 sum t + difference (2 m - sum), which is exact to rounding where both ends lie on one piece */
#define HUBER_CENTERED_TERM(acc, other, m, t, limit)                                                                   \
    vdouble up = HELD_WITHIN(m + t, limit), down = HELD_WITHIN(m - t, limit), both = up + down;                        \
    acc = fma_vdouble(both + both, t, fma_vdouble(up - down, (m + m) - both, acc));
#define HUBER_FORWARD_TERM(acc, other, m, t, limit)                                                                    \
    vdouble up = HELD_WITHIN(m + t, limit), here = HELD_WITHIN(m, limit), both = up + here;                            \
    acc = fma_vdouble(both, t, fma_vdouble(up - here, (m + m) + t - both, acc));

/* The same where both ends lie on one piece, with the residual held within the limit: the parabola's own difference, and
 * beyond the limit the straight line's, which the parabola has there as well. Forward it bends by `share` of the parabola:
 * 1 on it, 0 on the line. */
#define HUBER_CENTERED_PIECE(acc, other, m, t, limit)                                                                  \
    vdouble up = m + t, down = m - t;                                                                                  \
    acc = fma_vdouble(up + down, t + t, acc);
#define HUBER_FORWARD_PIECE(acc, m, t, share)                                                                          \
    vdouble change = (m + t) - m;                                                                                      \
    acc = fma_vdouble(change, fma_vdouble(share, change, m + m), acc);
/* `minus` holds the shares of the tile's classes (of row r, class c) */
#define HUBER_FORWARD_TILE(acc, other, m, t, limit)                                                                    \
    HUBER_FORWARD_PIECE(acc, m, t, broadcast_double(minus[r * PANEL_COLUMNS + c]))

#define HUBER_TILES(CLASSES, MANY)                                                                                     \
    DEFINE_DIFFERENCE_TILE(huber_centered_piece, CLASSES, MANY, HUBER_CENTERED_PIECE, 0, 0)                            \
    DEFINE_DIFFERENCE_TILE(huber_forward_piece, CLASSES, MANY, HUBER_FORWARD_TILE, 0, 0)
EACH_TILE(HUBER_TILES, )
#define HUBER_TILE_ROW(CLASSES, MANY) {huber_centered_piece_##CLASSES, huber_forward_piece_##CLASSES}
static const difference_tiles huber_tiles[] = {{NULL, NULL}, EACH_TILE(HUBER_TILE_ROW, COMMA)};

INLINE double huber_held(double m, double limit) { return m > limit ? limit : m < -limit ? -limit : m; } /* NaN stays */

/* What the stencils of one residual, which may lead across +- limit, add beyond the terms of one piece. */
APART void huber_corrections(double residual, double delta, const double *t, ptrdiff_t n_columns, int forward,
                             double *moved) {
    vdouble m = broadcast_double(residual), limit = broadcast_double(delta);
    vdouble held = broadcast_double(huber_held(residual, delta)), share = broadcast_double(fabs(residual) <= delta);
    for (ptrdiff_t q = 0; q < n_columns; q += DOUBLE_LANES) {
        vdouble steps = *(const vdouble *)(t + q), exact = broadcast_double(0), piece = exact;
        if (forward) {
            { HUBER_FORWARD_TERM(exact, other, m, steps, limit) }
            { HUBER_FORWARD_PIECE(piece, held, steps, share) }
        } else {
            { HUBER_CENTERED_TERM(exact, other, m, steps, limit) }
            { HUBER_CENTERED_PIECE(piece, other, held, steps, limit) }
        }
        *(vdouble *)(moved + q) += exact - piece;
    }
}

DEFINE_ENTRY_DIFFERENCES(huber_centered, HUBER_CENTERED_TERM, 0, 0, 0, 1)
DEFINE_ENTRY_DIFFERENCES(huber_forward, HUBER_FORWARD_TERM, 0, 0, 0, 1)

static void huber_panel(const difference_job *j, difference_worker *w, const int64_t *ids, int n_rows, ptrdiff_t label,
                        ptrdiff_t first, ptrdiff_t n_columns) {
    const gd_problem *p = j->problem;
    ptrdiff_t padded = padded_columns(j, first), k = p->n_classes;
    int forward = j->asked->scheme == SCHEME_FORWARD;
    double limits[BLOCK_ROWS_MOST], *moved = w->moved + first;
    (void)label, (void)n_columns;
    for (int r = 0; r < n_rows; r++) {
        double limit = p->margin * weight_root(weight_of(p, ids[r])), *t = w->plus + r * PANEL_COLUMNS;
        double reach = longest_step(t, padded);
        limits[r] = limit;
        for (ptrdiff_t c = 0; c < k; c++) {
            double m = w->scores[r * k + c], size = fabs(m);
            if (size + reach <= limit || (size - reach >= limit && size < INFINITY)) continue;
            huber_corrections(m, limit, t, padded, forward, moved + c * j->stride);
        }
    }
    for (ptrdiff_t c0 = 0, tile = 0, classes; tile < j->layout.n_tiles; tile++, c0 += classes) {
        classes = tile_classes(&j->layout, tile);
        for (int r = 0; r < n_rows; r++)
            for (ptrdiff_t c = 0; c < classes; c++) {
                double m = w->scores[r * k + c0 + c];
                w->compact[r * classes + c] = huber_held(m, limits[r]);
                w->minus[r * PANEL_COLUMNS + c] = fabs(m) <= limits[r];
            }
        for (ptrdiff_t q = 0, step = tile_vectors[classes] * DOUBLE_LANES; q < padded; q += step)
            huber_tiles[classes][forward](w->compact, w->plus + q, w->minus, n_rows, moved + c0 * j->stride + q, NULL,
                                          j->stride);
    }
}

const gd_loss_differences GD(huber_differences) = {
    .factor = weight_root,
    .terms = to_residuals,
    .panel = huber_panel,
    .entries = {huber_centered_entries, huber_forward_entries},
};

#endif

/* ---- its row ---- */
#if defined(LOSS_FACTS)

static const gd_loss_row huber_loss = {
    .name = "huber",
    .rows_float = huber_rows_float,
    .rows_double = huber_rows_double,
    .takes_labels = 0,
    .zero_is_flat = 1,
    .differences = &GD(huber_differences),
    .on_grid_scratch = grid_terms_scratch,
    .on_grid = huber_on_grid,
};

#endif
