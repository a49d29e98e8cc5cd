/* The grammar of JSON: where things end. Every value is followed by a zero (see values.h), which is in no JSON: so no
   step below can run past the end, and nothing but whole words needs to look for it. */
#ifndef DRIFTLINE_TEXT_H
#define DRIFTLINE_TEXT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned char byte;

#define DEPTH_MAX 32
/* Keys of one object that nobody asked for; each is compared with those before it. */
#define UNKNOWN_MAX 24

typedef struct {
    const byte *start[UNKNOWN_MAX];
    size_t length[UNKNOWN_MAX];
    int count;
} Unknown;

static inline int is_digit(byte c) { return (byte)(c - '0') < 10; }

static inline const byte *skip_space(const byte *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

/* The closing quote of a string without escapes whose first character is at `p`; NULL if there is none. */
static inline const byte *plain_string_end(const byte *p, int *wide)
{
    byte all = 0;
    while (*p >= ' ' && *p != '"' && *p != '\\')
        all |= *p++;
    *wide |= all >> 7;
    return *p == '"' ? p : NULL;
}

/* The closing quote of a string that nobody reads: with simple escapes. */
static const byte *string_end(const byte *p, int *wide)
{
    for (;;) {
        while (*p >= ' ' && *p != '"' && *p != '\\')
            *wide |= *p++ >> 7;
        if (*p == '"')
            return p;
        if (*p != '\\' || p[1] == 0 || strchr("\"\\/bfnrt", p[1]) == NULL)
            return NULL;
        p += 2;
    }
}

static const byte *number_end(const byte *p)
{
    p += *p == '-';
    if (!is_digit(*p) || (*p == '0' && is_digit(p[1])))
        return NULL;
    const byte *first = p;
    while (is_digit(*p))
        p++;
    if (*p == '.') {
        if (!is_digit(*++p))
            return NULL;
        while (is_digit(*p))
            p++;
    }
    /* Exponents of numbers that nobody reads may still be too large for other parsers. */
    return *p == 'e' || *p == 'E' || p - first > 300 ? NULL : p;
}

static inline const byte *word_end(const byte *p, const byte *end, const char *word, ptrdiff_t length)
{
    return end - p >= length && memcmp(p, word, (size_t)length) == 0 ? p + length : NULL;
}

/* The place after `"key" :`, and the key; NULL if that is not what stands at `p`. */
static const byte *read_key(const byte *p, const byte **key, size_t *length, int *wide)
{
    if (*p != '"')
        return NULL;
    const byte *stop = plain_string_end(p + 1, wide);
    if (stop == NULL)
        return NULL;
    *key = p + 1;
    *length = (size_t)(stop - *key);
    p = skip_space(stop + 1);
    return *p == ':' ? skip_space(p + 1) : NULL;
}

/* Whether an unknown key is new in its object; 0 also where there are too many to tell. */
static int is_new(Unknown *known, const byte *key, size_t length)
{
    if (known->count == UNKNOWN_MAX)
        return 0;
    for (int i = 0; i < known->count; i++)
        if (known->length[i] == length && memcmp(known->start[i], key, length) == 0)
            return 0;
    known->start[known->count] = key;
    known->length[known->count++] = length;
    return 1;
}

/* After a member: the place of the next one, or of the closing bracket; NULL if neither follows. */
static inline const byte *after_member(const byte *p, byte closing)
{
    p = skip_space(p);
    if (*p == closing)
        return p;
    if (*p != ',')
        return NULL;
    p = skip_space(p + 1);
    return *p == closing ? NULL : p;
}

static const byte *value_end(const byte *p, const byte *end, int depth, int *wide);

static const byte *object_end(const byte *p, const byte *end, int depth, int *wide)
{
    Unknown known = {.count = 0};
    const byte *key;
    size_t length;
    p = skip_space(p + 1);
    while (*p != '}') {
        p = read_key(p, &key, &length, wide);
        if (p == NULL || !is_new(&known, key, length))
            return NULL;
        p = value_end(p, end, depth, wide);
        if (p == NULL || (p = after_member(p, '}')) == NULL)
            return NULL;
    }
    return p + 1;
}

/* The end of any value; NULL if it is not certain to be one, or if an object in it repeats a key. */
static const byte *value_end(const byte *p, const byte *end, int depth, int *wide)
{
    if (depth > DEPTH_MAX)
        return NULL;
    switch (*p) {
    case '"':
        p = string_end(p + 1, wide);
        return p == NULL ? NULL : p + 1;
    case 't':
        return word_end(p, end, "true", 4);
    case 'f':
        return word_end(p, end, "false", 5);
    case 'n':
        return word_end(p, end, "null", 4);
    case '{':
        return object_end(p, end, depth + 1, wide);
    case '[':
        p = skip_space(p + 1);
        while (*p != ']') {
            p = value_end(p, end, depth + 1, wide);
            if (p == NULL || (p = after_member(p, ']')) == NULL)
                return NULL;
        }
        return p + 1;
    default:
        return number_end(p);
    }
}

#endif
