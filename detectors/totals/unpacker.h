/* Reads what packer.h packed, and trusts nothing of it. */
#ifndef DRIFTLINE_UNPACKER_H
#define DRIFTLINE_UNPACKER_H
#include "packer.h"

/* Packed rows while they are read. */
typedef struct {
    const uint8_t *modes, *tokens, *tokens_end, *bitmaps, *small, *middle, *sizes, *numbers, *end, *large;
    size_t token_count, small_at, small_count, middle_at, middle_count, size_at, size_count;
    uint64_t next; /* where the next token's cell is, counted over all rows of the mode */
    unsigned more;
} Reader;

static int cut(const uint8_t **at, const uint8_t *end, size_t length, const uint8_t **part)
{
    if ((size_t)(end - *at) < length)
        return 0;
    *part = *at;
    *at += length;
    return 1;
}

static inline unsigned nibble(const uint8_t *nibbles, size_t at) { return nibbles[at / 2] >> 4 * (at % 2) & 15; }

static int open_reader(Reader *reader, const Py_buffer *data, size_t count, size_t sums, size_t width)
{
    const uint8_t *at = data->buf, *end = at + data->len;
    size_t full = 0, own = 0;
    if (!cut(&at, end, count, &reader->modes))
        return 0;
    for (size_t row = 0; row < count; row++) {
        full += reader->modes[row] != GAPS;
        if (reader->modes[row] > BYTES)
            return 0;
    }
    reader->size_count += count * sums;
    if (!cut(&at, end, reader->token_count, &reader->tokens) ||
        !cut(&at, end, full * ((width + 7) / 8), &reader->bitmaps) ||
        !cut(&at, end, (reader->small_count + 1) / 2, &reader->small) ||
        !cut(&at, end, reader->middle_count, &reader->middle) ||
        !cut(&at, end, (reader->size_count + 1) / 2, &reader->sizes))
        return 0;
    reader->tokens_end = reader->tokens + reader->token_count;
    reader->numbers = at;
    reader->end = end;
    for (size_t i = 0; i < reader->size_count; i++) {
        const unsigned size = nibble(reader->sizes, i);
        if (i == count * sums)
            reader->large = reader->numbers + own;
        if (size > 8)
            return 0;
        own += size;
    }
    if (reader->size_count == count * sums)
        reader->large = end;
    return own == (size_t)(end - at);
}

static inline uint64_t read_number(const uint8_t **at, const uint8_t *end, unsigned size)
{
    uint64_t value = 0;
    if (end - *at >= 8) {
        memcpy(&value, *at, 8);
        value &= size == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * size) - 1;
    } else
        memcpy(&value, *at, size);
    *at += size;
    return value;
}

/* Reads the token at `at`; returns what follows it, NULL where it is damaged. */
static inline const uint8_t *read_token(const uint8_t *at, const uint8_t *end, uint64_t *next, unsigned *more)
{
    while (at < end && *at >> 1 == FAR) {
        if (*at++ & 1)
            return NULL;
        *next += FAR;
    }
    if (at == end)
        return NULL;
    *next += *at >> 1;
    *more = *at & 1;
    return at + 1;
}

static int read_count(Reader *reader, unsigned mode, uint64_t *count)
{
    if (mode == BYTES ? reader->middle_at == reader->middle_count : reader->small_at == reader->small_count)
        return 0;
    *count = mode == BYTES ? reader->middle[reader->middle_at++] : nibble(reader->small, reader->small_at++);
    if (*count == (mode == BYTES ? BYTE : NIBBLE)) {
        if (reader->size_at == reader->size_count)
            return 0;
        *count += read_number(&reader->large, reader->end, nibble(reader->sizes, reader->size_at++));
    }
    return 1;
}

/* Adds the cells of one row, each `times` often; adds nothing where there is no row to add to. */
static int read_gaps(Reader *reader, uint64_t first, size_t width, uint64_t *into, uint64_t times)
{
    const uint8_t *token = reader->tokens, *const end = reader->tokens_end;
    uint64_t next = reader->next, count = 0;
    unsigned more = reader->more;
    while (next < first + width) {
        if (more && !read_count(reader, GAPS, &count))
            return 0;
        if (into)
            into[next - first] += times * (more ? count + 2 : 1);
        next++;
        if ((token = read_token(token, end, &next, &more)) == NULL)
            return 0;
    }
    reader->tokens = token;
    reader->next = next;
    reader->more = more;
    return 1;
}

static int read_marked(Reader *reader, unsigned mode, size_t width, uint64_t *into, uint64_t times)
{
    uint64_t count = 0;
    for (size_t start = 0; start < width; start += 64) {
        const size_t bytes = (width - start + 7) / 8 < 8 ? (width - start + 7) / 8 : 8;
        uint64_t word = 0;
        memcpy(&word, reader->bitmaps, bytes);
        reader->bitmaps += bytes;
        for (; word; word &= word - 1) {
            const size_t cell = start + (size_t)__builtin_ctzll(word);
            if (cell >= width || !read_count(reader, mode, &count))
                return 0;
            if (into)
                into[cell] += times * (count + 1);
        }
    }
    return 1;
}

/* Reads all rows, and adds them to those of `totals` that `places` names; without, only sees whether they are whole. */
static int read_all(Reader reader, size_t count, size_t sums, size_t width, const Plain *totals, const int64_t *places,
                    uint64_t times)
{
    uint64_t first = 0;
    size_t number = 0;
    reader.size_at = count * sums;
    if ((reader.tokens = read_token(reader.tokens, reader.tokens_end, &reader.next, &reader.more)) == NULL)
        return 0;
    for (size_t row = 0; row < count; row++) {
        uint64_t *into = totals ? (uint64_t *)totals->data + places[row] * totals->columns : NULL;
        for (size_t i = 0; into && i < sums; i++) {
            const uint64_t value = read_number(&reader.numbers, reader.end, nibble(reader.sizes, number++));
            into[i] += times * (value >> 1 ^ (uint64_t)-(int64_t)(value & 1));
        }
        const unsigned mode = reader.modes[row];
        if (into)
            into += sums;
        if (!(mode == GAPS ? read_gaps(&reader, first, width, into, times)
                           : read_marked(&reader, mode, width, into, times)))
            return 0;
        first += mode == GAPS ? width : 0;
    }
    return reader.next == first && !reader.more && reader.tokens == reader.tokens_end &&
           reader.small_at == reader.small_count && reader.middle_at == reader.middle_count &&
           reader.size_at == reader.size_count;
}
#endif
