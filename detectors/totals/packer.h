/* Rows of totals in few bytes, as detectors/totals/compact.py describes them. */
#ifndef DRIFTLINE_PACKER_H
#define DRIFTLINE_PACKER_H
#include "matrix.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers are copied as they lie in memory"
#endif

enum { GAPS, NIBBLES, BYTES };
enum { FAR = 127, NIBBLE = 15, BYTE = 255 };

typedef struct {
    uint8_t *data;
    size_t length, room;
} Stream;

enum { MODES, TOKENS, BITMAPS, SMALL, MIDDLE, SUM_SIZES, LARGE_SIZES, SUM_BYTES, LARGE_BYTES, STREAMS };

typedef struct {
    Stream streams[STREAMS];
    size_t gap;       /* empty cells since the last one that has a token */
    uint64_t *marks;  /* of one row: a bit for each cell that is not empty, the first of 64 being the lowest */
    uint32_t *places; /* of one row: these cells */
} Packer;

static int reserve(Stream *stream, size_t more)
{
    if (stream->length + more > stream->room) {
        const size_t room = 2 * stream->room + more;
        uint8_t *data = PyMem_Realloc(stream->data, room);
        if (data == NULL)
            return 0;
        stream->data = data;
        stream->room = room;
    }
    return 1;
}

static inline void put(Stream *stream, unsigned value) { stream->data[stream->length++] = (uint8_t)value; }

/* Without branches, here and below: no processor foresees how large sums are and which cells are empty. */
static inline unsigned size_of(uint64_t value)
{
    return (71u - (unsigned)__builtin_clzll(value | 1)) / 8 - (value == 0);
}

static void put_number(Stream *sizes, Stream *bytes, uint64_t value)
{
    memcpy(bytes->data + bytes->length, &value, 8);
    bytes->length += size_of(value);
    put(sizes, size_of(value));
}

static void put_sums(Stream *sizes, Stream *bytes, const int64_t *sums, size_t count)
{
    uint8_t *size = sizes->data + sizes->length, *into = bytes->data + bytes->length;
    for (size_t i = 0; i < count; i++) {
        const uint64_t value = (uint64_t)sums[i] << 1 ^ (uint64_t)-(int64_t)((uint64_t)sums[i] >> 63);
        memcpy(into, &value, 8);
        into += size[i] = (uint8_t)size_of(value);
    }
    sizes->length += count;
    bytes->length = (size_t)(into - bytes->data);
}

/* A token for a cell behind `gap` empty ones; returns where the next one goes. */
static inline uint8_t *put_token(uint8_t *token, size_t gap, unsigned more)
{
    for (; gap >= FAR; gap -= FAR)
        *token++ = FAR << 1;
    *token++ = (uint8_t)(gap << 1 | more);
    return token;
}

static inline void put_count(Packer *packer, unsigned mode, uint64_t count)
{
    const uint64_t full = mode == BYTES ? BYTE : NIBBLE;
    put(&packer->streams[mode == BYTES ? MIDDLE : SMALL], (unsigned)(count < full ? count : full));
    if (count >= full)
        put_number(&packer->streams[LARGE_SIZES], &packer->streams[LARGE_BYTES], count - full);
}

static inline uint64_t count_at(const void *cells, int wide, size_t cell)
{
    return wide ? ((const uint64_t *)cells)[cell] : ((const uint8_t *)cells)[cell];
}

/* One bit for each of 16 bytes that is not zero, the first being the lowest. */
static inline uint64_t byte_marks(const uint8_t *bytes)
{
#ifdef __SSE2__
    const __m128i zero = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)bytes), _mm_setzero_si128());
    return ~(unsigned)_mm_movemask_epi8(zero) & 0xffffu;
#else
    uint64_t marks = 0, word;
    for (int half = 0; half < 2; half++) {
        const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
        memcpy(&word, bytes + 8 * half, 8);
        word = ((((word & low) + low) | word) & ~low) >> 7;
        marks |= (word * 0x0102040810204080u >> 56) << 8 * half;
    }
    return marks;
#endif
}

/* The same of 8 words. */
static inline uint64_t word_marks(const uint64_t *words)
{
    uint64_t marks = 0;
    for (int k = 0; k < 8; k++)
        marks |= (uint64_t)(words[k] != 0) << k;
    return marks;
}

static inline size_t ones(uint64_t bits)
{
    bits -= bits >> 1 & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    return ((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u >> 56;
}

/* The places of the bits, and up to seven more that mean nothing. */
static inline size_t put_places(uint32_t *places, uint64_t bits, size_t first)
{
    const size_t found = ones(bits), last = (size_t)1 << 63;
    for (size_t k = 0; k < found || k < 4; k += 4)
        for (size_t step = 0; step < 4; step++, bits &= bits - 1)
            places[k + step] = (uint32_t)(first + (size_t)__builtin_ctzll(bits | last));
    return found;
}

/* Marks the cells that are not zero and puts down their places; how many there are. */
static size_t find_cells(Packer *packer, const void *cells, int wide, size_t width)
{
    size_t found = 0;
    for (size_t first = 0; first < width; first += 64) {
        const size_t length = width - first < 64 ? width - first : 64;
        uint64_t bits = 0;
        size_t k = 0;
        if (wide)
            for (; k + 8 <= length; k += 8)
                bits |= word_marks((const uint64_t *)cells + first + k) << k;
        else
            for (; k + 16 <= length; k += 16)
                bits |= byte_marks((const uint8_t *)cells + first + k) << k;
        for (; k < length; k++)
            bits |= (uint64_t)(count_at(cells, wide, first + k) != 0) << k;
        packer->marks[first / 64] = bits;
        found += put_places(packer->places + found, bits, first);
    }
    return found;
}

static unsigned mode_of(const uint32_t *places, size_t found, const void *cells, int wide, size_t width)
{
    size_t middle = 0;
    if (8 * found <= width)
        return GAPS;
    for (size_t i = 0; i < found; i++) {
        const uint64_t count = count_at(cells, wide, places[i]) - 1;
        middle += count >= NIBBLE && count < BYTE;
    }
    return 3 * middle > found ? BYTES : NIBBLES;
}

static void put_gaps(Packer *packer, size_t found, const void *cells, int wide, size_t width)
{
    Stream *streams = packer->streams;
    uint8_t *token = streams[TOKENS].data + streams[TOKENS].length;
    uint8_t *small = streams[SMALL].data + streams[SMALL].length;
    size_t next = 0, gap = packer->gap;
    for (size_t i = 0; i < found; i++) {
        const size_t cell = packer->places[i];
        const uint64_t count = count_at(cells, wide, cell), more = count - 2;
        token = put_token(token, gap + cell - next, count != 1);
        gap = 0;
        next = cell + 1;
        *small = (uint8_t)(more < NIBBLE ? more : NIBBLE);
        small += count != 1;
        if (count >= NIBBLE + 2)
            put_number(&streams[LARGE_SIZES], &streams[LARGE_BYTES], more - NIBBLE);
    }
    packer->gap = gap + width - next;
    streams[TOKENS].length = (size_t)(token - streams[TOKENS].data);
    streams[SMALL].length = (size_t)(small - streams[SMALL].data);
}

/* Packs a row; 0 when there is no memory. */
static int put_row(Packer *packer, const int64_t *sums, size_t sum_count, const void *cells, int wide, size_t width)
{
    Stream *streams = packer->streams;
    const size_t found = find_cells(packer, cells, wide, width);
    const unsigned mode = mode_of(packer->places, found, cells, wide, width);
    const size_t most[STREAMS] = {1, found + (width + packer->gap) / FAR + 2, width / 8 + 8, found + 1, found,
                                  sum_count, found, 8 * sum_count + 8, 8 * found + 8};
    for (int i = 0; i < STREAMS; i++)
        if (!reserve(&streams[i], most[i]))
            return 0;
    put(&streams[MODES], mode);
    put_sums(&streams[SUM_SIZES], &streams[SUM_BYTES], sums, sum_count);
    if (mode == GAPS) {
        put_gaps(packer, found, cells, wide, width);
        return 1;
    }
    memcpy(streams[BITMAPS].data + streams[BITMAPS].length, packer->marks, (width + 7) / 8);
    streams[BITMAPS].length += (width + 7) / 8;
    for (size_t i = 0; i < found; i++)
        put_count(packer, mode, count_at(cells, wide, packer->places[i]) - 1);
    return 1;
}

/* Two nibbles a byte, the first of them in its lower half. */
static uint8_t *copy_nibbles(uint8_t *into, const Stream *stream)
{
    for (size_t i = 0; i + 1 < stream->length; i += 2)
        *into++ = (uint8_t)(stream->data[i] | stream->data[i + 1] << 4);
    if (stream->length % 2)
        *into++ = stream->data[stream->length - 1];
    return into;
}

/* ((tokens, small counts, middle counts, large counts), bytes) */
static PyObject *packed(Packer *packer)
{
    Stream *streams = packer->streams;
    if (!reserve(&streams[TOKENS], packer->gap / FAR + 2))
        return PyErr_NoMemory();
    streams[TOKENS].length =
        (size_t)(put_token(streams[TOKENS].data + streams[TOKENS].length, packer->gap, 0) - streams[TOKENS].data);
    /* The sizes of sums and of large counts are one list. */
    if (!reserve(&streams[SUM_SIZES], streams[LARGE_SIZES].length + 1))
        return PyErr_NoMemory();
    if (streams[LARGE_SIZES].length)
        memcpy(streams[SUM_SIZES].data + streams[SUM_SIZES].length, streams[LARGE_SIZES].data,
               streams[LARGE_SIZES].length);
    streams[SUM_SIZES].length += streams[LARGE_SIZES].length;
    static const int ORDER[] = {MODES, TOKENS, BITMAPS, SMALL, MIDDLE, SUM_SIZES, SUM_BYTES, LARGE_BYTES};
    size_t total = 0;
    for (int i = 0; i < 8; i++) {
        const size_t length = streams[ORDER[i]].length;
        total += ORDER[i] == SMALL || ORDER[i] == SUM_SIZES ? (length + 1) / 2 : length;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)total);
    if (bytes == NULL)
        return NULL;
    uint8_t *into = (uint8_t *)PyBytes_AsString(bytes);
    for (int i = 0; i < 8; i++) {
        const Stream *stream = &streams[ORDER[i]];
        if (ORDER[i] == SMALL || ORDER[i] == SUM_SIZES)
            into = copy_nibbles(into, stream);
        else if (stream->length) {
            memcpy(into, stream->data, stream->length);
            into += stream->length;
        }
    }
    return Py_BuildValue("(nnnn)N", (Py_ssize_t)streams[TOKENS].length, (Py_ssize_t)streams[SMALL].length,
                         (Py_ssize_t)streams[MIDDLE].length, (Py_ssize_t)streams[LARGE_SIZES].length, bytes);
}

static int open_packer(Packer *packer, size_t width)
{
    memset(packer, 0, sizeof *packer);
    packer->marks = PyMem_Malloc((width / 64 + 1) * 8);
    packer->places = PyMem_Malloc((width + 8) * sizeof *packer->places);
    return packer->marks != NULL && packer->places != NULL;
}

static void close_packer(Packer *packer)
{
    for (int i = 0; i < STREAMS; i++)
        PyMem_Free(packer->streams[i].data);
    PyMem_Free(packer->marks);
    PyMem_Free(packer->places);
}
#endif
