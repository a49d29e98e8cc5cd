/* Packs rows of totals, and adds packed ones to others. */
#include "packer.h"

static PyObject *pack_rows(PyObject *module, PyObject *arguments)
{
    PyObject *array, *result = NULL;
    Plain rows;
    Py_ssize_t sums;
    Packer packer = {0};
    (void)module;
    if (!PyArg_ParseTuple(arguments, "On", &array, &sums) || !take_plain(array, &rows, 8, 0))
        return NULL;
    if (sums < 0 || sums > rows.columns)
        PyErr_SetString(PyExc_ValueError, "rows have more sums than columns");
    else {
        const size_t width = (size_t)(rows.columns - sums);
        uint64_t *marks = PyMem_Calloc(width / 64 + 2, 8);
        int fine = marks != NULL;
        for (Py_ssize_t row = 0; fine && row < rows.rows; row++) {
            const int64_t *from = (const int64_t *)rows.data + row * rows.columns;
            const size_t found = find_marks(marks, from + sums, 1, width);
            fine = put_row(&packer, from, (size_t)sums, marks, found, from + sums, 1, width);
        }
        result = fine ? packed(&packer) : PyErr_NoMemory();
        PyMem_Free(marks);
    }
    forget(&packer);
    release_plain(&rows, 1);
    return result;
}

static PyObject *pack_pane(PyObject *module, PyObject *arguments)
{
    static const Py_ssize_t ITEMS[] = {8, 8, 1, 8, 8};
    PyObject *arrays[5], *result = NULL;
    Plain plain[5];
    Packer packer = {0};
    int held = 0;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "OOOOO", &arrays[0], &arrays[1], &arrays[2], &arrays[3], &arrays[4]))
        return NULL;
    while (held < 5 && take_plain(arrays[held], &plain[held], ITEMS[held], 0))
        held++;
    if (held == 5) {
        const Plain *order = &plain[0], *sums = &plain[1], *narrow = &plain[2], *wide = &plain[3], *places = &plain[4];
        const size_t width = (size_t)narrow->columns;
        uint64_t *marks = PyMem_Calloc(width / 64 + 2, 8);
        int fits = order->columns == 1 && places->columns == 1 && narrow->columns == wide->columns &&
                   sums->rows >= places->rows, fine = marks != NULL;
        for (Py_ssize_t i = 0; fits && fine && i < order->rows; i++) {
            const int64_t row = ((const int64_t *)order->data)[i];
            if (!(fits = row >= 0 && row < places->rows))
                break;
            const int64_t place = ((const int64_t *)places->data)[row];
            const int is_wide = place < 0;
            if (!(fits = is_wide ? ~place < wide->rows : place < narrow->rows))
                break;
            const void *cells = is_wide ? (const void *)((const int64_t *)wide->data + ~place * wide->columns)
                                        : (const void *)((const uint8_t *)narrow->data + place * narrow->columns);
            const size_t found = find_marks(marks, cells, is_wide, width);
            fine = put_row(&packer, (const int64_t *)sums->data + row * sums->columns, (size_t)sums->columns, marks,
                           found, cells, is_wide, width);
        }
        if (!fits)
            PyErr_SetString(PyExc_IndexError, "a row is none of the pane's");
        else
            result = fine ? packed(&packer) : PyErr_NoMemory();
        PyMem_Free(marks);
    }
    forget(&packer);
    release_plain(plain, held);
    return result;
}

/* Packed rows while they are read. */
typedef struct {
    const uint8_t *modes, *tokens, *bitmaps, *small, *middle, *sizes, *numbers, *end, *large;
    size_t token, token_count, small_at, small_count, middle_at, middle_count, size_at, size_count;
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

static int read_token(Reader *reader)
{
    for (;;) {
        if (reader->token == reader->token_count)
            return 0;
        const unsigned token = reader->tokens[reader->token++];
        if (token >> 1 != FAR) {
            reader->next += token >> 1;
            reader->more = token & 1;
            return 1;
        }
        if (token & 1)
            return 0;
        reader->next += FAR;
    }
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
static int read_cells(Reader *reader, unsigned mode, uint64_t first, size_t width, uint64_t *into, uint64_t times)
{
    uint64_t count = 0, word;
    if (mode == GAPS) {
        while (reader->next < first + width) {
            const uint64_t cell = reader->next - first;
            count = 1;
            if (reader->more) {
                if (!read_count(reader, GAPS, &count))
                    return 0;
                count += 2;
            }
            if (into)
                into[cell] += times * count;
            reader->next++;
            if (!read_token(reader))
                return 0;
        }
        return 1;
    }
    for (size_t start = 0; start < width; start += 64) {
        const size_t bytes = (width - start + 7) / 8 < 8 ? (width - start + 7) / 8 : 8;
        word = 0;
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
    if (!read_token(&reader))
        return 0;
    for (size_t row = 0; row < count; row++) {
        uint64_t *into = totals ? (uint64_t *)totals->data + places[row] * totals->columns : NULL;
        for (size_t i = 0; into && i < sums; i++) {
            const uint64_t value = read_number(&reader.numbers, reader.end, nibble(reader.sizes, number++));
            into[i] += times * (value >> 1 ^ (uint64_t)-(int64_t)(value & 1));
        }
        if (!read_cells(&reader, reader.modes[row], first, width, into ? into + sums : NULL, times))
            return 0;
        first += reader.modes[row] == GAPS ? width : 0;
    }
    return reader.next == first && !reader.more && reader.token == reader.token_count &&
           reader.small_at == reader.small_count && reader.middle_at == reader.middle_count &&
           reader.size_at == reader.size_count;
}

static PyObject *add_packed(PyObject *module, PyObject *arguments)
{
    PyObject *arrays[2], *result = NULL;
    Py_buffer data;
    Py_ssize_t shape[7]; /* rows, sums, cells; tokens, small, middle and large counts */
    long long times;
    Plain plain[2];
    int held = 0, fits = 1;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "y*(nnnnnnn)OOL", &data, &shape[0], &shape[1], &shape[2], &shape[3], &shape[4],
                          &shape[5], &shape[6], &arrays[0], &arrays[1], &times))
        return NULL;
    const int checks = arrays[0] == Py_None;
    while (!checks && held < 2 && take_plain(arrays[held], &plain[held], 8, held == 0))
        held++;
    if (checks || held == 2) {
        const size_t count = (size_t)shape[0], sums = (size_t)shape[1], width = (size_t)shape[2];
        Reader reader = {.token_count = (size_t)shape[3], .small_count = (size_t)shape[4],
                         .middle_count = (size_t)shape[5], .size_count = (size_t)shape[6]};
        for (int i = 0; i < 7; i++)
            fits &= shape[i] >= 0 && shape[i] <= UINT32_MAX;
        if (!checks) {
            const int64_t *place = plain[1].data;
            fits &= plain[1].columns == 1 && plain[1].rows == shape[0] && plain[0].columns == shape[1] + shape[2];
            for (Py_ssize_t i = 0; fits && i < plain[1].rows; i++)
                fits = place[i] >= 0 && place[i] < plain[0].rows;
        }
        /* Seen to be whole before anything is added. */
        fits = fits && open_reader(&reader, &data, count, sums, width) &&
               read_all(reader, count, sums, width, NULL, NULL, 0);
        if (fits && !checks)
            read_all(reader, count, sums, width, &plain[0], plain[1].data, (uint64_t)times);
        if (fits)
            result = Py_NewRef(Py_None);
        else
            PyErr_SetString(PyExc_ValueError, "packed rows are damaged, or do not fit the rows that they are added to");
    }
    release_plain(plain, held);
    PyBuffer_Release(&data);
    return result;
}

static PyMethodDef METHODS[] = {
    {"pack_rows", pack_rows, METH_VARARGS, "Rows of int64, packed."},
    {"pack_pane", pack_pane, METH_VARARGS, "Rows of a pane, packed."},
    {"add_packed", add_packed, METH_VARARGS, "Add packed rows to others."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_compact", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit__compact(void) { return PyModule_Create(&MODULE); }
