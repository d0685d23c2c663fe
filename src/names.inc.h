/* How the functions of one REAL, INPUT (type of X) and MASTER (type of W) are named, and those of one instruction set. */

#define PASTE2(a, b) a##_##b
#define PASTE3(a, b, c) a##_##b##_##c
#define PASTE4(a, b, c, d) a##_##b##_##c##_##d
#define EXPAND2(a, b) PASTE2(a, b)
#define EXPAND3(a, b, c) PASTE3(a, b, c)
#define EXPAND4(a, b, c, d) PASTE4(a, b, c, d)
#define R(name) EXPAND2(name, REAL)                 /* a name for one REAL */
#define RI(name) EXPAND3(name, REAL, INPUT)         /* a name for one REAL and one INPUT */
#define U(name) EXPAND3(name, REAL, MASTER)         /* a name for one REAL and one MASTER */
#define D(name) EXPAND4(name, REAL, MASTER, INPUT)
#define LOAD(real, input) EXPAND3(load, real, input)
#define SCALAR(input) EXPAND2(scalar, input)

/* Of REAL and MASTER: whether they are the same type, and the square root of the latter. */
#define is_same_float_float 1
#define is_same_float_double 0
#define is_same_double_float 0
#define is_same_double_double 1
#define square_root_float sqrtf
#define square_root_double sqrt
#define SQUARE_ROOT EXPAND2(square_root, MASTER)
