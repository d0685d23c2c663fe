/* The hinge of Weston and Watkins: sum over c != y of max(0, s_c - s_y + margin); a term counts when it is strictly > 0. */

#if !defined(LOSS_ON_SCORES) && !defined(LOSS_IN_DIFFERENCES) && !defined(LOSS_FACTS)
#error "losses/hinge.inc.h needs one of LOSS_ON_SCORES (and REAL), LOSS_IN_DIFFERENCES, LOSS_FACTS"
#endif

/* ---- value and coefficients, for one REAL ---- */
#if defined(LOSS_ON_SCORES)

INLINE double R(hinge_row)(REAL *s, ptrdiff_t k, int32_t y, REAL margin) {
    REAL correct = s[y], sum = 0, count = 0;
    s[y] = -(REAL)INFINITY;
    for (ptrdiff_t c = 0; c < k; c++) {
        REAL m = (s[c] - correct) + margin, on = m > 0 ? (REAL)1 : (REAL)0;
        sum += m > 0 ? m : (REAL)0;
        count += on;
        s[c] = on;
    }
    s[y] = -count;
    /* a score that is not finite must reach the value */
    return correct - correct == 0 ? (double)sum : (double)NAN;
}

static void R(hinge_rows)(const gd_problem *p, const int64_t *ids, int n_rows, REAL *scores, double *losses) {
    ptrdiff_t k = p->n_classes;
    for (int r = 0; r < n_rows; r++)
        losses[r] = R(hinge_row)(scores + r * k, k, p->labels[ids[r]], (REAL)p->margin);
}

#if REAL_IS_DOUBLE
#define HINGE_GRID_TERM(sum, t) sum += max_vdouble(broadcast_double(0), t)
DEFINE_ON_GRID(hinge, HINGE_GRID_TERM, 1)
#endif

#endif

/* ---- differences, in float64 ---- */
#if defined(LOSS_IN_DIFFERENCES)

/* max(0, m + t) - max(0, m - t) = t + sign(t) min(max(m, -|t|), |t|) = 2 t + max(m, -t) - max(m, t);
 * the sum of the first summand over the rows comes as `minus` */
#if HAS_CLAMP
#define HINGE_SHIFT 1
#define HINGE_CENTERED_TERM(acc, other, m, t, limit) acc += clamp_vdouble(m, t);
#else
#define HINGE_SHIFT 2
#define HINGE_CENTERED_TERM(acc, other, m, t, limit) acc += max_vdouble(m, -(t)) - max_vdouble(m, t);
#endif
#define HINGE_FORWARD_TERM(acc, other, m, t, limit)                                                                    \
    vdouble here = max_vdouble(m, broadcast_double(0));                                                                \
    acc += max_vdouble(m + t, broadcast_double(0)) - here;                                                             \
    other += max_vdouble(m - t, broadcast_double(0)) - here;
#define HINGE_TILES(CLASSES, MANY)                                                                                     \
    DEFINE_DIFFERENCE_TILE(hinge_centered, CLASSES, MANY, HINGE_CENTERED_TERM, 1, 1)                                   \
    DEFINE_DIFFERENCE_TILE(hinge_forward, CLASSES, MANY, HINGE_FORWARD_TERM, 0, 0)
EACH_TILE(HINGE_TILES, )
#define HINGE_TILE_ROW(CLASSES, MANY) {hinge_centered_##CLASSES, hinge_forward_##CLASSES}
static const difference_tiles hinge_tiles[] = {{NULL, NULL}, EACH_TILE(HINGE_TILE_ROW, COMMA)};

DEFINE_ENTRY_DIFFERENCES(hinge_centered, HINGE_CENTERED_TERM, HINGE_SHIFT, 1, 1, 0)
DEFINE_ENTRY_DIFFERENCES(hinge_forward, HINGE_FORWARD_TERM, 0, 1, 0, 0)

static void hinge_terms(const gd_problem *p, const int64_t *ids, int n_rows, ptrdiff_t label, double *scores) {
    for (int r = 0; r < n_rows; r++) to_margins(p, weight_itself(weight_of(p, ids[r])), label, scores + r * p->n_classes);
}

static void hinge_panel(const difference_job *j, difference_worker *w, const int64_t *ids, int n_rows, ptrdiff_t label,
                        ptrdiff_t first, ptrdiff_t n_columns) {
    (void)ids, (void)n_columns;
    if (j->asked->scheme == SCHEME_CENTERED) { /* the sum of t or 2 t, shared by every class */
        ptrdiff_t padded = padded_columns(j, first);
        memset(w->minus, 0, PANEL_COLUMNS * sizeof(double));
        for (int r = 0; r < n_rows; r++)
            for (ptrdiff_t q = 0; q < padded; q++) w->minus[q] += HINGE_SHIFT * w->plus[r * PANEL_COLUMNS + q];
    }
    add_tiles(j, w, hinge_tiles, n_rows, label, first);
}

const gd_loss_differences GD(hinge_differences) = {
    .factor = weight_itself,
    .terms = hinge_terms,
    .panel = hinge_panel,
    .entries = {hinge_centered_entries, hinge_forward_entries},
    .padding = -INFINITY,
    .crossings = count_crossings,
};

#endif

/* ---- its row ---- */
#if defined(LOSS_FACTS)

/* What the coefficients leave out of the right derivative: terms of the hinge whose margin is 0 and rises. */
static double hinge_ties(const gd_problem *p, const int64_t *ids, int n_rows, const double *scores, const double *rates) {
    double total = 0;
    for (int r = 0; r < n_rows; r++) {
        const double *s = scores + r * p->n_classes, *v = rates + r * p->n_classes;
        int32_t y = p->labels[ids[r]];
        for (ptrdiff_t c = 0; c < p->n_classes; c++)
            if (c != y && (s[c] - s[y]) + p->margin == 0 && v[c] > v[y])
                total += (p->weights ? p->weights[ids[r]] : 1.0) * (v[c] - v[y]);
    }
    return total;
}

static const gd_loss_row hinge_loss = {
    .name = "hinge",
    .rows_float = hinge_rows_float,
    .rows_double = hinge_rows_double,
    .takes_labels = 1,
    .zero_is_flat = 1,
    .has_kinks = 1,
    .has_dual = 1,
    .exact_in_integers = 1,
    .fixed_point = 1,
    .ties = hinge_ties,
    .differences = &GD(hinge_differences),
    .on_grid_scratch = grid_terms_scratch,
    .on_grid = hinge_on_grid,
};

#endif
