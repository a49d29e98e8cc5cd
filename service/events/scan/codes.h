/* Numbers for the distinct values of a column, in the order in which they are first met. */
#ifndef DRIFTLINE_CODES_H
#define DRIFTLINE_CODES_H

#include "text.h"

/* Steps beyond which a value is not looked for: whoever sends values that collide gets the slow way. */
#define PROBES_MAX 64
#define NO_CODE (-1)

typedef struct {
    uint32_t *slots; /* one more than the code; 0 is free */
    uint64_t *hashes;
    size_t *ends; /* of each key in `text` */
    byte *text;
    size_t size, count, room, text_room;
} Codes;

static uint64_t hash_of(byte kind, const byte *p, size_t length)
{
    const uint64_t factor = 0x9E3779B97F4A7C15ULL;
    uint64_t hash = (length ^ ((uint64_t)kind << 56)) * factor, word;
    for (; length >= 8; p += 8, length -= 8) {
        memcpy(&word, p, 8);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, p, length);
    hash = (hash ^ word) * factor;
    return hash ^ (hash >> 32);
}

static void codes_free(Codes *codes)
{
    PyMem_Free(codes->slots);
    PyMem_Free(codes->hashes);
    PyMem_Free(codes->ends);
    PyMem_Free(codes->text);
    memset(codes, 0, sizeof *codes);
}

static int codes_grow(Codes *codes)
{
    size_t room = codes->room ? codes->room * 2 : 32, size = room * 4;
    uint32_t *slots = PyMem_Calloc(size, sizeof *slots);
    uint64_t *hashes = PyMem_Realloc(codes->hashes, room * sizeof *hashes);
    if (hashes != NULL)
        codes->hashes = hashes;
    size_t *ends = PyMem_Realloc(codes->ends, room * sizeof *ends);
    if (ends != NULL)
        codes->ends = ends;
    if (slots == NULL || hashes == NULL || ends == NULL) {
        PyMem_Free(slots);
        return 0;
    }
    for (size_t code = 0; code < codes->count; code++) {
        size_t at = hashes[code] & (size - 1);
        while (slots[at])
            at = (at + 1) & (size - 1);
        slots[at] = (uint32_t)code + 1;
    }
    PyMem_Free(codes->slots);
    codes->slots = slots;
    codes->size = size;
    codes->room = room;
    return 1;
}

/* Take in a key that is not there. */
static int64_t codes_append(Codes *codes, uint64_t hash, byte kind, const byte *p, size_t length)
{
    if (codes->count == codes->room && !codes_grow(codes))
        return NO_CODE;
    size_t begin = codes->count ? codes->ends[codes->count - 1] : 0, end = begin + 1 + length;
    if (end > codes->text_room) {
        size_t room = end * 2 + 256;
        byte *text = PyMem_Realloc(codes->text, room);
        if (text == NULL)
            return NO_CODE;
        codes->text = text;
        codes->text_room = room;
    }
    codes->text[begin] = kind;
    memcpy(codes->text + begin + 1, p, length);
    codes->ends[codes->count] = end;
    codes->hashes[codes->count] = hash;
    size_t at = hash & (codes->size - 1);
    while (codes->slots[at])
        at = (at + 1) & (codes->size - 1);
    codes->slots[at] = (uint32_t)++codes->count;
    return (int64_t)codes->count - 1;
}

/* The code of a key; NO_CODE if it has none, or if looking for it took too long (then `*tired` is set). */
static inline int64_t codes_find(const Codes *codes, uint64_t hash, byte kind, const byte *p, size_t length, int *tired)
{
    if (codes->size == 0)
        return NO_CODE;
    size_t at = hash & (codes->size - 1);
    for (int probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) & (codes->size - 1)) {
        uint32_t code = codes->slots[at];
        if (code == 0)
            return NO_CODE;
        code--;
        if (codes->hashes[code] != hash)
            continue;
        size_t begin = code ? codes->ends[code - 1] : 0;
        if (codes->ends[code] - begin == length + 1 && codes->text[begin] == kind &&
            memcmp(codes->text + begin + 1, p, length) == 0)
            return code;
    }
    *tired = 1;
    return NO_CODE;
}

#endif
