/* The only file that knows about processors: asks CPUID and XGETBV itself, since the compilers' own
 * __builtin_cpu_supports answers 0 in some cross builds, and an instruction set is usable only when the
 * operating system saves its registers as well. */
#include "dispatch.h"

#include <string.h>

#if defined(GD_HAVE_AVX2) || defined(GD_HAVE_AVX512)
#include <cpuid.h>

extern const gd_kernels gd_kernels_avx2, gd_kernels_avx512;

enum { LEAF1_FMA = 1 << 12, LEAF1_OSXSAVE = 1 << 27, LEAF1_AVX = 1 << 28, LEAF1_F16C = 1 << 29 };
enum { LEAF7_AVX2 = 1 << 5, LEAF7_AVX512F = 1 << 16, LEAF7_AVX512DQ = 1 << 17, LEAF7_AVX512BW = 1 << 30 };
#define LEAF7_AVX512VL (1u << 31)
#define LEAF7C_AVX512VNNI (1u << 11)
enum { STATE_AVX = 0x06, STATE_AVX512 = 0xe6 };

static int has_all(unsigned int word, unsigned int bits)
{
    return (word & bits) == bits;
}

/* Which registers the operating system saves when it switches threads. */
static unsigned int saved_state(void)
{
    unsigned int low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int has_avx2(void)
{
    unsigned int a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has_all(c, LEAF1_FMA | LEAF1_OSXSAVE | LEAF1_AVX | LEAF1_F16C))
        return 0;
    if (!has_all(saved_state(), STATE_AVX) || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    return has_all(b, LEAF7_AVX2);
}

/* All that the kernels use: AVX-512 without VNNI falls to AVX2. Whether it is quicker is measured by nobody here, so that an
 * import costs nothing and gives the same bits every time; `gdfast info --measure` does. */
static int has_avx512(void)
{
    unsigned int a, b, c, d;
    if (!has_avx2() || !has_all(saved_state(), STATE_AVX512) || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    return has_all(b, LEAF7_AVX512F | LEAF7_AVX512DQ | LEAF7_AVX512BW | LEAF7_AVX512VL) &&
           has_all(c, LEAF7C_AVX512VNNI);
}
#endif

#if defined(GD_HAVE_NEON)
extern const gd_kernels gd_kernels_neon;
#endif

#if defined(GD_HAVE_NEON_DOTPROD)
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

extern const gd_kernels gd_kernels_neon_dotprod;

/* Only the operating system may read the registers that say it; where we can't ask it, the answer is no. */
static int has_neon_dotprod(void)
{
#if defined(__linux__)
    const unsigned long asimddp = 1ul << 20; /* HWCAP_ASIMDDP, which older headers lack */
    return (getauxval(AT_HWCAP) & asimddp) != 0;
#elif defined(__APPLE__)
    int answer = 0;
    size_t size = sizeof answer;
    return sysctlbyname("hw.optional.arm.FEAT_DotProd", &answer, &size, NULL, 0) == 0 && answer != 0;
#else
    return 0;
#endif
}
#endif

extern const gd_kernels gd_kernels_baseline;

static int always(void)
{
    return 1;
}

static const struct {
    const char *name;
    const gd_kernels *table;
    int (*runs_here)(void);
} rows[] = {
#ifdef GD_HAVE_AVX512
    {"avx512", &gd_kernels_avx512, has_avx512},
#endif
#ifdef GD_HAVE_AVX2
    {"avx2", &gd_kernels_avx2, has_avx2},
#endif
#ifdef GD_HAVE_NEON_DOTPROD
    {"neon_dotprod", &gd_kernels_neon_dotprod, has_neon_dotprod},
#endif
#ifdef GD_HAVE_NEON
    {"neon", &gd_kernels_neon, always},
#endif
    {"baseline", &gd_kernels_baseline, always},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

const gd_kernels *gd_choose(const char *request, const char **name)
{
    for (int i = 0; i < N_ROWS; i++) {
        if (request != NULL && strcmp(request, rows[i].name) != 0)
            continue;
        if (rows[i].runs_here()) {
            *name = rows[i].name;
            return rows[i].table;
        }
    }
    return NULL;
}

int gd_available(const char **names)
{
    int n = 0;
    for (int i = 0; i < N_ROWS; i++)
        if (rows[i].runs_here())
            names[n++] = rows[i].name;
    return n;
}

const char *gd_compiler(void)
{
    return GD_COMPILER;
}
