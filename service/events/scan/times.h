/* RFC 3339 text as epoch milliseconds. */
#ifndef DRIFTLINE_TIMES_H
#define DRIFTLINE_TIMES_H

#include "text.h"

/* Midnight of the last date that was read: consecutive events share theirs. */
typedef struct {
    byte text[10];
    int64_t days;
} Date;

static inline int two_digits(const byte *p) { return (p[0] - '0') * 10 + (p[1] - '0'); }

static inline int are_digits(const byte *p, int count)
{
    for (int i = 0; i < count; i++)
        if (!is_digit(p[i]))
            return 0;
    return 1;
}

/* Days since 1970-01-01 in the Gregorian calendar (H. Hinnant, chrono-compatible low-level date algorithms). */
static int64_t days_of(int year, int month, int day)
{
    year -= month <= 2;
    int era = year / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

static int read_date(const byte *p, Date *date)
{
    static const int LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (memcmp(p, date->text, sizeof date->text) == 0)
        return 1;
    if (!are_digits(p, 4) || p[4] != '-' || !are_digits(p + 5, 2) || p[7] != '-' || !are_digits(p + 8, 2))
        return 0;
    int year = two_digits(p) * 100 + two_digits(p + 2), month = two_digits(p + 5), day = two_digits(p + 8);
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return 0;
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > LENGTHS[month - 1] + (month == 2 && leap))
        return 0;
    memcpy(date->text, p, sizeof date->text);
    date->days = days_of(year, month, day);
    return 1;
}

/* The place after the closing quote of a time whose first character is at `p`; NULL if it is no time. */
static const byte *read_time(const byte *p, const byte *end, Date *date, int64_t *time_ms)
{
    if (end - p < 21 || !read_date(p, date) || (p[10] != 'T' && p[10] != 't' && p[10] != ' '))
        return NULL;
    if (!are_digits(p + 11, 2) || p[13] != ':' || !are_digits(p + 14, 2) || p[16] != ':' || !are_digits(p + 17, 2))
        return NULL;
    int hour = two_digits(p + 11), minute = two_digits(p + 14), second = two_digits(p + 17), fraction = 0;
    if (hour > 23 || minute > 59 || second > 60)
        return NULL;
    p += 19;
    if (*p == '.') {
        if (!is_digit(*++p))
            return NULL;
        for (int i = 0, unit = 100; is_digit(*p); p++, i++, unit /= 10)
            fraction += (*p - '0') * unit;
    }
    int offset = 0;
    if (*p == 'Z' || *p == 'z')
        p++;
    else {
        int sign = *p == '+' ? 1 : *p == '-' ? -1 : 0;
        if (sign == 0 || end - p < 6 || !are_digits(p + 1, 2) || p[3] != ':' || !are_digits(p + 4, 2))
            return NULL;
        if (two_digits(p + 1) > 23 || two_digits(p + 4) > 59)
            return NULL;
        offset = sign * (two_digits(p + 1) * 60 + two_digits(p + 4));
        p += 6;
    }
    *time_ms = ((date->days * 24 + hour) * 60 + minute - offset) * 60000 + second * 1000 + fraction;
    return *p == '"' ? p + 1 : NULL;
}

#endif
