/* Numbers of JSON as doubles, rounded as IEEE 754 asks; what is not certain is left to the caller's slow way. */
#ifndef DRIFTLINE_NUMBERS_H
#define DRIFTLINE_NUMBERS_H

#include <float.h>
#include <math.h>

#include "text.h"

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

#if LDBL_MANT_DIG == 64 && defined(__x86_64__)
#define HAS_EXTENDED 1
static const long double EXTENDED_POWERS[] = {
    1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
    1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};

/* Both operands are exact, so that the quotient of 64 bits is off by half a unit at most. Rounding it to 53 bits can
   only go wrong where its last 11 bits stand about half way. */
static int divide_extended(uint64_t digits, int scale, double *value)
{
    long double quotient = (long double)digits / EXTENDED_POWERS[scale];
    uint64_t mantissa;
    memcpy(&mantissa, &quotient, sizeof mantissa);
    mantissa &= 0x7FF;
    if (mantissa >= 0x3FF && mantissa <= 0x401)
        return 0;
    *value = (double)quotient;
    return 1;
}
#endif

/* The standard library's conversion, for what the short ways cannot do; NULL for infinities and tiny numbers. */
static const byte *convert_slowly(const byte *start, const byte *end, double *value)
{
    char *stop;
    double found = PyOS_string_to_double((const char *)start, &stop, NULL);
    if (found == -1.0 && PyErr_Occurred()) {
        PyErr_Clear();
        return NULL;
    }
    if ((const byte *)stop != end || !isfinite(found) || (found != 0.0 && fabs(found) < 1e-290))
        return NULL;
    *value = found;
    return end;
}

/* The end of the number at `p`, and its value; NULL if there is none that can be read here. */
static const byte *read_number(const byte *p, double *value)
{
    const byte *start = p;
    uint64_t digits = 0;
    int count = 0, scale = 0, negative = *p == '-';
    p += negative;
    if (!is_digit(*p) || (*p == '0' && is_digit(p[1])))
        return NULL;
    for (; is_digit(*p); p++) {
        digits = digits * 10 + (*p - '0');
        count += digits != 0;
    }
    if (*p == '.') {
        const byte *point = p++;
        if (!is_digit(*p))
            return NULL;
        for (; is_digit(*p); p++) {
            digits = digits * 10 + (*p - '0');
            count += digits != 0;
        }
        if (p - point > 400)
            return NULL;
        scale = (int)(p - point) - 1;
    }
    if (*p == 'e' || *p == 'E') {
        int exponent = 0, down = *++p == '-';
        p += *p == '-' || *p == '+';
        if (!is_digit(*p))
            return NULL;
        for (; is_digit(*p); p++)
            if ((exponent = exponent * 10 + (*p - '0')) > 999)
                return NULL;
        scale += down ? exponent : -exponent;
    }
    if (count <= 19 && scale >= -22 && scale <= 27) {
        double found;
        if (digits <= 1ULL << 53 && scale <= 22)
            found = scale < 0 ? (double)digits * POWERS[-scale] : (double)digits / POWERS[scale];
#ifdef HAS_EXTENDED
        else if (scale < 0 || !divide_extended(digits, scale, &found))
            return convert_slowly(start, p, value);
#else
        else
            return convert_slowly(start, p, value);
#endif
        *value = negative ? -found : found;
        return p;
    }
    return convert_slowly(start, p, value);
}

/* The end of an integer that has one spelling: no sign before zero, no more than 18 digits. */
static const byte *read_integer(const byte *p)
{
    const byte *first = p + (*p == '-');
    if (!is_digit(*first) || (*first == '0' && (is_digit(first[1]) || first != p)))
        return NULL;
    for (p = first; is_digit(*p); p++)
        ;
    return p - first > 18 || *p == '.' || *p == 'e' || *p == 'E' ? NULL : p;
}

#endif
