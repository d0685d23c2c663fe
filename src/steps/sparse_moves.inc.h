/* How a step moves turned weights, for one REAL; a part of steps/sparse.inc.h.
 *
 * A plain gradient step with L2 multiplies every weight by 1 - 2 * l2 * rate: that is kept as one number,
 * w = shrink * v, and multiplied out when it gets small. The sum of w^2 follows the entries that move. Where a run
 * is cut, v goes on as state[0], and [shrink, squares] (double) as state[1]: so a cut changes no bit.
 */

#if !defined(REAL) || !defined(MASTER) || !defined(EACH_QUADS)
#error "steps/sparse_moves.inc.h needs REAL, MASTER, EACH_QUADS"
#endif

/* Multiplies shrink out, and counts the squares anew. */
static void R(multiply_out)(R(sparse_descent) * s) {
    ptrdiff_t size = s->layout.n_groups * (ptrdiff_t)s->size;
    REAL factor = (REAL)s->shrink;
    double squares[4] = {0}; /* the size is a multiple of 4 */
    for (ptrdiff_t i = 0; i < size; i += 4)
        for (int e = 0; e < 4; e++) {
            s->v[i + e] *= factor;
            squares[e] += (double)s->v[i + e] * (double)s->v[i + e];
        }
    s->squares = (squares[0] + squares[1]) + (squares[2] + squares[3]);
    s->shrink = 1;
}

/* [shrink, squares] of the steps before, shrink = 0 where there are none; NULL where nobody keeps them. */
static double *R(lazy_of)(const R(sparse_descent) * s) {
    return s->move == MOVE_ROWS && s->asked->n_states == 2 ? s->asked->state[1] : NULL;
}

static void R(start_steps)(R(sparse_descent) * s) {
    gd_descent *asked = s->asked;
    ptrdiff_t d = s->problem->n_features, size = s->layout.n_groups * (ptrdiff_t)s->size;
    const double *lazy = R(lazy_of)(s);
    int goes_on = lazy && lazy[0] != 0;
    for (ptrdiff_t g = 0; g < s->layout.n_groups; g++) /* what pads a group to whole lines */
        for (size_t i = (size_t)(d * s->layout.K); i < s->size; i++) s->v[(size_t)g * s->size + i] = 0;
    memset(s->bias, 0, (size_t)s->problem->n_classes * sizeof(REAL));
    R(turn_weights)(s, goes_on ? asked->state[0] : asked->w, s->v, s->bias, 0, 1);
    if (s->move == MOVE_ROWS) {
        if (goes_on) {
            s->shrink = lazy[0];
            s->squares = lazy[1];
        } else if (asked->l2 != 0)
            R(multiply_out)(s);
        return;
    }
    for (int i = 0; i < asked->n_states; i++) {
        memset(s->state[i], 0, (size_t)size * sizeof(REAL));
        R(turn_weights)(s, asked->state[i], s->state[i], s->bias_state[i], 0, 1);
    }
    memset(s->gradient, 0, (size_t)size * sizeof(REAL));
    if (s->move == MOVE_TOUCHED) memset(s->is_touched, 0, (size_t)d);
}

static void R(end_steps)(R(sparse_descent) * s) {
    gd_descent *asked = s->asked;
    R(turn_weights)(s, asked->w, s->v, s->bias, 1, (REAL)s->shrink);
    double *lazy = R(lazy_of)(s);
    if (lazy) {
        R(turn_weights)(s, asked->state[0], s->v, s->bias, 1, 1);
        lazy[0] = s->shrink;
        lazy[1] = s->squares;
    }
    for (int i = 0; s->move != MOVE_ROWS && i < asked->n_states; i++)
        R(turn_weights)(s, asked->state[i], s->state[i], s->bias_state[i], 1, 1);
}

static double R(penalty_of)(const R(sparse_descent) * s) {
    const gd_descent *asked = s->asked;
    if (asked->l1 == 0 && asked->l2 == 0) return 0;
    double value = s->move == MOVE_ROWS ? asked->l2 * s->shrink * s->shrink * s->squares
                                        : U(penalty)(asked, s->v, s->layout.n_groups * (ptrdiff_t)s->size);
    return value + (asked->penalize_bias ? U(penalty)(asked, s->bias, s->problem->n_classes) : 0);
}

/* Whether keeping a copy of the weights costs less than the batch, which is large. */
static int R(is_worth_a_copy)(const R(sparse_descent) * s, ptrdiff_t begin, ptrdiff_t length) {
    int64_t entries = 0, enough = s->problem->n_features;
    if (s->before == NULL || length < LARGE_BATCH) return 0;
    for (ptrdiff_t r = 0; r < length && entries < enough; r++) {
        int64_t row = s->asked->order[begin + r];
        entries += s->x->first[row + 1] - s->x->first[row];
    }
    return entries >= enough;
}

/* bias = (1 - shrinkage) * bias - factor * the sums of the batch's coefficients */
static void R(move_bias)(R(sparse_descent) * s, ptrdiff_t length, double factor, double shrinkage) {
    ptrdiff_t k = s->problem->n_classes;
    REAL *restrict bias = s->bias;
    const REAL *restrict scores = s->scores;
    if (length == 1) { /* a loop that compilers make vectors of */
        for (ptrdiff_t c = 0; c < k; c++)
            bias[c] = (REAL)(((double)bias[c] - shrinkage * (double)bias[c]) - factor * (double)scores[c]);
        return;
    }
    for (ptrdiff_t c = 0; c < k; c++) {
        double sum = 0;
        for (ptrdiff_t r = 0; r < length; r++) sum += (double)scores[r * k + c];
        bias[c] = (REAL)(((double)bias[c] - shrinkage * (double)bias[c]) - factor * sum);
    }
}

/* 1 if stopped: then everything is as it was before the step. */
static int R(move_rows)(R(sparse_descent) * s, ptrdiff_t step, double norm, pool_control *control) {
    const gd_descent *asked = s->asked;
    ptrdiff_t begin = asked->starts[step], length = asked->starts[step + 1] - begin, k = s->problem->n_classes;
    size_t weights = (size_t)s->layout.n_groups * s->size * sizeof(REAL), bias_bytes = (size_t)k * sizeof(REAL);
    int has_copy = R(is_worth_a_copy)(s, begin, length);
    double rate = asked->rates[step], shrink = s->shrink, squares = s->squares;
    if (has_copy) {
        memcpy(s->before, s->v, weights);
        memcpy(s->bias_gradient, s->bias, bias_bytes);
    }
    s->shrink *= 1 - 2 * asked->l2 * rate;
    if (!(s->shrink >= SHRINK_LEAST)) R(multiply_out)(s);
    if (s->problem->has_bias) R(move_bias)(s, length, rate * norm, asked->penalize_bias ? rate * 2 * asked->l2 : 0);
    if (!R(add_batch)(s, begin, length, (REAL)(-rate * norm / s->shrink), s->v, has_copy ? control : NULL)) return 0;
    memcpy(s->v, s->before, weights);
    memcpy(s->bias, s->bias_gradient, bias_bytes);
    s->shrink = shrink;
    s->squares = squares;
    return 1;
}

/* One column's weights, K of them in two pieces. */
static void R(update_column)(const R(sparse_descent) * s, const U(rule) * rule, ptrdiff_t group, ptrdiff_t column) {
    ptrdiff_t K = s->layout.K, d = s->problem->n_features, whole = WHOLE_WIDTH(K), rest = REST_WIDTH(K);
    size_t at[2] = {(size_t)group * s->size + (size_t)(column * whole),
                    (size_t)group * s->size + (size_t)(d * whole + column * rest)};
    ptrdiff_t widths[2] = {whole, rest};
    for (int i = 0; i < 2; i++) {
        if (widths[i] == 0) continue;
        REAL *second = s->state[1] ? s->state[1] + at[i] : NULL;
        U(update)(rule, s->gradient + at[i], widths[i], s->v + at[i], s->state[0] + at[i], second);
        memset(s->gradient + at[i], 0, (size_t)widths[i] * sizeof(REAL));
    }
}

/* 1 if stopped, before anything has moved. */
static int R(move_by_gradient)(R(sparse_descent) * s, ptrdiff_t step, double norm, pool_control *control) {
    const gd_descent *asked = s->asked;
    ptrdiff_t begin = asked->starts[step], length = asked->starts[step + 1] - begin, k = s->problem->n_classes;
    ptrdiff_t size = s->layout.n_groups * (ptrdiff_t)s->size;
    U(rule) rule = U(make_rule)(asked, step, norm), bias_rule = rule;
    if (!asked->penalize_bias) bias_rule.l1 = bias_rule.l2 = 0;
    s->n_touched = 0;
    if (R(add_batch)(s, begin, length, 1, s->gradient, control)) return 1;
    if (s->move == MOVE_TOUCHED) {
        for (ptrdiff_t g = 0; g < s->layout.n_groups; g++)
            for (ptrdiff_t i = 0; i < s->n_touched; i++) R(update_column)(s, &rule, g, s->touched[i]);
        for (ptrdiff_t i = 0; i < s->n_touched; i++) s->is_touched[s->touched[i]] = 0;
    } else {
        U(update)(&rule, s->gradient, size, s->v, s->state[0], s->state[1]);
        memset(s->gradient, 0, (size_t)size * sizeof(REAL));
    }
    if (!s->problem->has_bias) return 0;
    for (ptrdiff_t c = 0; c < k; c++) {
        double sum = 0;
        for (ptrdiff_t r = 0; r < length; r++) sum += (double)s->scores[r * k + c];
        s->bias_gradient[c] = (REAL)sum;
    }
    U(update)(&bias_rule, s->bias_gradient, k, s->bias, s->bias_state[0], s->bias_state[1]);
    return 0;
}
