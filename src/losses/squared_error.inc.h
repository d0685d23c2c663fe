/* The squared error: sum over outputs of (s_c - target_c)^2. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_IN_DIFFERENCES) && !defined(LOSS_FACTS)
#error "losses/squared_error.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_IN_DIFFERENCES, LOSS_FACTS"
#endif

/* ---- value and coefficients, for one REAL ---- */
#if defined(LOSS_ON_SCORES)

INLINE double R(squared_error_row)(REAL *s, ptrdiff_t k, const double *target) {
    double sum = 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        double residual = (double)s[c] - target[c];
        sum += residual * residual;
        s[c] = (REAL)(2 * residual);
    }
    return sum;
}

static void R(squared_error_rows)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, double *losses) {
    ptrdiff_t k = p->n_classes;
    for (int r = 0; r < n_rows; r++)
        losses[r] = R(squared_error_row)(scores + r * k, k, p->targets + ids[r] * k);
}

#if REAL_IS_DOUBLE

/* On a grid it is a quadratic: sums over rows of products of r, the residual at the lowest point, u, and v less its part
 * along u. There nothing cancels. */
static void squared_error_on_grid(const gd_problem *p, const gd_grid_part *part, ptrdiff_t begin, ptrdiff_t end,
                                  void *scratch, pool_control *control, int worker) {
    grid_terms g = grid_terms_of(p, part, scratch);
    ptrdiff_t k = p->n_classes;
    double low_u = 0, low_v = 0, tilt = 0, rr = 0, ru = 0, rv = 0, uu = 0, uv = 0, vv = 0;
    for (int round = 0; round < 3; round++) { /* the part along u; the lowest point; the sums */
        rr = ru = rv = uu = uv = vv = 0;
        for (ptrdiff_t i = begin; i < end; i++) {
            int64_t id = p->index ? p->index[i] : i;
            double weight = grid_weight(p, id);
            if (i % BLOCK_ROWS_MOST == 0 && pool_stopped(control, worker)) return;
            if (weight == 0) continue;
            if (!grid_row_is_plain(&g, i, id)) {
                if (pool_stopped(control, worker)) return;
                if (round == 2) grid_row(&g, i, id);
                continue;
            }
            for (ptrdiff_t e = i * k; e < (i + 1) * k; e++) {
                double u = part->grid->first[e], v = part->grid->second[e] - tilt * u;
                double r = (part->grid->base[e] - p->targets[id * k + (e - i * k)]) + low_u * u + low_v * v;
                rr += weight * r * r, ru += weight * r * u, rv += weight * r * v;
                uu += weight * u * u, uv += weight * u * v, vv += weight * v * v;
            }
        }
        if (round == 0) tilt = grid_ratio(uv, uu);
        if (round == 1) low_u = -grid_ratio(ru, uu), low_v = -grid_ratio(rv, vv);
    }
    for (ptrdiff_t q = 0; q < part->n_a; q++)
        for (ptrdiff_t s = 0; s < part->n_b; s++) {
            double b = part->grid->b[part->first_b + s], a = (part->grid->a[part->first_a + q] + tilt * b) - low_u;
            b -= low_v;
            part->sums[q * part->n_b + s] += rr + 2 * (a * ru + b * rv + a * b * uv) + a * a * uu + b * b * vv;
        }
}

#endif

#endif

/* ---- differences, in float64 ---- */
#if defined(LOSS_IN_DIFFERENCES)

/* (m + t)^2 - (m - t)^2 = 4 m t and (m + t)^2 - m^2 = (2 m + t) t: nothing cancels */
#define SQUARED_ERROR_CENTERED_TERM(acc, other, m, t, limit) acc = fma_vdouble(4.0 * m, t, acc);
#define SQUARED_ERROR_FORWARD_TERM(acc, other, m, t, limit) acc = fma_vdouble((m + m) + t, t, acc);

#define SQUARED_ERROR_TILES(CLASSES, MANY)                                                                                     \
    DEFINE_DIFFERENCE_TILE(squared_error_centered, CLASSES, MANY, SQUARED_ERROR_CENTERED_TERM, 0, 0)                                   \
    DEFINE_DIFFERENCE_TILE(squared_error_forward, CLASSES, MANY, SQUARED_ERROR_FORWARD_TERM, 0, 0)
EACH_TILE(SQUARED_ERROR_TILES, )
#define SQUARED_ERROR_TILE_ROW(CLASSES, MANY) {squared_error_centered_##CLASSES, squared_error_forward_##CLASSES}
static const difference_tiles squared_error_tiles[] = {{NULL, NULL}, EACH_TILE(SQUARED_ERROR_TILE_ROW, COMMA)};

DEFINE_ENTRY_DIFFERENCES(squared_error_centered, SQUARED_ERROR_CENTERED_TERM, 0, 0, 0, 0)
DEFINE_ENTRY_DIFFERENCES(squared_error_forward, SQUARED_ERROR_FORWARD_TERM, 0, 0, 0, 0)

static void squared_error_panel(const difference_job *j, difference_worker *w, const int64_t *ids, int n_rows, ptrdiff_t label,
                                ptrdiff_t first, ptrdiff_t n_columns) {
    (void)ids, (void)n_columns;
    (void)label;
    add_tiles(j, w, squared_error_tiles, n_rows, NO_LABEL, first);
}

const gd_loss_differences GD(squared_error_differences) = {
    .factor = weight_root,
    .terms = to_residuals,
    .panel = squared_error_panel,
    .entries = {squared_error_centered_entries, squared_error_forward_entries},
};

#endif

/* ---- its row ---- */
#if defined(LOSS_FACTS)

static const gd_loss_row squared_error_loss = {
    .name = "squared_error",
    .rows_float = squared_error_rows_float,
    .rows_double = squared_error_rows_double,
    .takes_labels = 0,
    .zero_is_flat = 1,
    .differences = &GD(squared_error_differences),
    .on_grid_scratch = grid_terms_scratch,
    .on_grid = squared_error_on_grid,
};

#endif
