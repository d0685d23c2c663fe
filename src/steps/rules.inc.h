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

/* What the data give to the gradient, and the regularizer where there is one: L1 takes longer than many a rule. */
#define EACH_WEIGHT(STEP)                                                                                              \
    if (u.l1 != 0) {                                                                                                   \
        EACH_GRADIENT(+(u.l2 * x + (x > 0 ? u.l1 : x < 0 ? -u.l1 : (MASTER)0)), STEP)                                  \
    } else if (u.l2 != 0) {                                                                                            \
        EACH_GRADIENT(+u.l2 * x, STEP)                                                                                 \
    } else {                                                                                                           \
        EACH_GRADIENT(, STEP)                                                                                          \
    }
#define EACH_GRADIENT(PENALTY, STEP)                                                                                   \
    for (ptrdiff_t i = 0; i < n; i++) {                                                                                \
        MASTER x = w[i], g = (MASTER)sums[i] * u.norm PENALTY;                                                         \
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

/* sum |w| and sum w^2, each in 16 parts: fewer would wait for each other's additions. */
typedef struct U(penalties) {
    double squares[16], sizes[16];
} U(penalties);

static void U(add_penalties)(const gd_descent *asked, const MASTER *w, ptrdiff_t n, U(penalties) * to) {
    U(penalties) sum = *to; /* a copy that no weight can alias */
    ptrdiff_t whole = n / 16 * 16;
    if (asked->l2 != 0)
        for (ptrdiff_t i = 0; i < whole; i += 16)
            for (int e = 0; e < 16; e++) sum.squares[e] += (double)w[i + e] * (double)w[i + e];
    if (asked->l1 != 0)
        for (ptrdiff_t i = 0; i < whole; i += 16)
            for (int e = 0; e < 16; e++) sum.sizes[e] += fabs((double)w[i + e]);
    for (ptrdiff_t i = whole; i < n; i++) {
        sum.squares[0] += (double)w[i] * (double)w[i];
        sum.sizes[0] += fabs((double)w[i]);
    }
    *to = sum;
}

/* l1 * sum |w| + l2 * sum w^2 */
static double U(penalty_of)(const gd_descent *asked, const U(penalties) * sum) {
    double total = 0;
    for (int e = 0; e < 16; e++) total += asked->l2 * sum->squares[e] + asked->l1 * sum->sizes[e];
    return total;
}

static double U(penalty)(const gd_descent *asked, const MASTER *w, ptrdiff_t n) {
    U(penalties) sum = {{0}, {0}};
    U(add_penalties)(asked, w, n, &sum);
    return U(penalty_of)(asked, &sum);
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
#undef EACH_GRADIENT
