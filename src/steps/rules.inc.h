/* Update rules on weights of one type MASTER, from gradient sums of one REAL: what the optimizers of
 * gdfast.descent do in one step, for every weight at once. Packed or not makes no difference here. */

#if !defined(REAL) || !defined(MASTER)
#error "steps/rules.inc.h needs REAL, MASTER"
#endif

typedef struct U(rule) {
    gd_rule rule;
    MASTER rate, norm, l1, l2;
    MASTER a, b, c, d; /* the rule's settings */
    MASTER rest_a, rest_b; /* 1 - a and 1 - b, before they are rounded */
    MASTER scale_first, scale_second; /* Adam: rate / (1 - beta1^t), 1 / sqrt(1 - beta2^t) */
} U(rule);

static U(rule) U(make_rule)(const gd_descent *asked, ptrdiff_t k, double norm) {
    const double *s = asked->settings;
    U(rule) u = {.rule = asked->rule, .rate = (MASTER)asked->rates[k], .norm = (MASTER)norm,
                 .l1 = (MASTER)asked->l1, .l2 = (MASTER)(2 * asked->l2),
                 .a = (MASTER)s[0], .b = (MASTER)s[1], .c = (MASTER)s[2], .d = (MASTER)s[3],
                 .rest_a = (MASTER)(1 - s[0]), .rest_b = (MASTER)(1 - s[1])};
    if (asked->rule == RULE_ADAM || asked->rule == RULE_ADAMW) {
        double t = (double)(asked->first_step + k + 1);
        u.scale_first = (MASTER)(asked->rates[k] / (1 - pow(s[0], t)));
        u.scale_second = (MASTER)(1 / sqrt(1 - pow(s[1], t)));
    }
    return u;
}

#define EACH_WEIGHT(STEP)                                                                                              \
    for (ptrdiff_t i = 0; i < n; i++) {                                                                                \
        MASTER x = w[i], g = (MASTER)sums[i] * u.norm + (u.l2 * x + (x > 0 ? u.l1 : x < 0 ? -u.l1 : (MASTER)0));   \
        STEP                                                                                                           \
    }

/* w[i], first[i], second[i]: the weights and the rule's state, moved by one step */
static void U(update)(const U(rule) * rule, const REAL *restrict sums, ptrdiff_t n, MASTER *restrict w,
                      MASTER *restrict first, MASTER *restrict second) {
    const U(rule) u = *rule; /* a copy that no weight can alias */
    switch (u.rule) {
    case RULE_GRADIENT_DESCENT:
        EACH_WEIGHT(w[i] = x - u.rate * g;)
        break;
    case RULE_MOMENTUM:
        EACH_WEIGHT(first[i] = u.a * first[i] + g; w[i] = x - u.rate * first[i];)
        break;
    case RULE_NESTEROV:
        EACH_WEIGHT(first[i] = u.a * first[i] + g; w[i] = x - u.rate * (g + u.a * first[i]);)
        break;
    case RULE_ADAGRAD:
        EACH_WEIGHT(first[i] += g * g; w[i] = x - u.rate * (g / (SQUARE_ROOT(first[i]) + u.a));)
        break;
    case RULE_RMSPROP:
        EACH_WEIGHT(first[i] = u.a * first[i] + u.rest_a * g * g;
                    w[i] = x - u.rate * (g / (SQUARE_ROOT(first[i]) + u.b));)
        break;
    case RULE_ADAM:
    case RULE_ADAMW: {
        MASTER decay = u.rule == RULE_ADAMW ? u.rate * u.d : 0;
        EACH_WEIGHT(first[i] = u.a * first[i] + u.rest_a * g; second[i] = u.b * second[i] + u.rest_b * g * g;
                    w[i] = x - decay * x -
                           u.scale_first * (first[i] / (SQUARE_ROOT(second[i]) * u.scale_second + u.c));)
        break;
    }
    }
}

/* l1 * sum |w| + l2 * sum w^2 */
static double U(penalty)(const gd_descent *asked, const MASTER *w, ptrdiff_t n) {
    double squares[8] = {0}, sizes[8] = {0}, total = 0;
    ptrdiff_t whole = n / 8 * 8;
    if (asked->l2 != 0)
        for (ptrdiff_t i = 0; i < whole; i += 8)
            for (int e = 0; e < 8; e++) squares[e] += (double)w[i + e] * (double)w[i + e];
    if (asked->l1 != 0)
        for (ptrdiff_t i = 0; i < whole; i += 8)
            for (int e = 0; e < 8; e++) sizes[e] += fabs((double)w[i + e]);
    for (ptrdiff_t i = whole; i < n; i++) {
        squares[0] += (double)w[i] * (double)w[i];
        sizes[0] += fabs((double)w[i]);
    }
    for (int e = 0; e < 8; e++) total += asked->l2 * squares[e] + asked->l1 * sizes[e];
    return total;
}

/* The regularizer's share of a plain gradient step, alone: the data's share is then added in place. */
static void U(shrink)(const U(rule) * rule, MASTER *w, ptrdiff_t n) {
    const U(rule) u = *rule;
    for (ptrdiff_t i = 0; i < n; i++) {
        MASTER x = w[i];
        w[i] = x - u.rate * (u.l2 * x + (x > 0 ? u.l1 : x < 0 ? -u.l1 : (MASTER)0));
    }
}

#undef EACH_WEIGHT
