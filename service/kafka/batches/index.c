/* Where the records of a fetch response stand: offset, time, key and value of each, found without copying any.
 *
 * Reads record batches of version 2 as aiokafka's parser does, and stops before a batch that is compressed, and before
 * one of which anything is odd: what becomes of that is for aiokafka's parser to say.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

typedef unsigned char byte;

/* Of a batch: offset and length that stand before what the length counts, and all that stands before the records. */
#define BATCH_OVERHEAD 12
#define BATCH_HEADER 61
/* A record has seven numbers, of a byte at least each. */
#define RECORD_BYTES_MIN 7

enum { MAGIC_AT = 16, ATTRIBUTES_AT = 21, LAST_DELTA_AT = 23, FIRST_MS_AT = 27, MAX_MS_AT = 35, COUNT_AT = 57 };
enum { CODEC = 0x07, LOG_APPEND_TIME = 0x08, CONTROL = 0x20 };
/* Why indexing stopped: nothing is left; what is next may be compressed; what is next is not for us to read. */
enum { END, PACKED, ODD };
enum { OFFSETS, RECORD_MS, STARTS, LENGTHS, KEYS, COLUMNS };

static uint64_t big_endian(const byte *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

static int32_t int32_at(const byte *p) { return (int32_t)(uint32_t)big_endian(p, 4); }

static int64_t int64_at(const byte *p) { return (int64_t)big_endian(p, 8); }

/* The sum modulo 2^64: what a hostile batch adds up must not be undefined. */
static int64_t sum(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }

typedef struct {
    int64_t base, next, first_ms, max_ms;
    int32_t count;
    int attributes;
    Py_ssize_t end; /* of the batch in the response */
} Batch;

/* Read what stands before the records of the batch at `at`: END where no whole batch is left. */
static int read_batch(const Py_buffer *data, Py_ssize_t at, Batch *batch)
{
    const byte *p = (const byte *)data->buf + at;
    if (data->len - at < BATCH_OVERHEAD)
        return END;
    int32_t length = int32_at(p + 8);
    if (length > data->len - at - BATCH_OVERHEAD)
        return END;
    if (length < BATCH_HEADER - BATCH_OVERHEAD || p[MAGIC_AT] != 2)
        return ODD;
    batch->base = int64_at(p);
    batch->next = sum(batch->base, (int64_t)int32_at(p + LAST_DELTA_AT) + 1);
    batch->first_ms = int64_at(p + FIRST_MS_AT);
    batch->max_ms = int64_at(p + MAX_MS_AT);
    batch->count = int32_at(p + COUNT_AT);
    batch->attributes = (int)big_endian(p + ATTRIBUTES_AT, 2);
    batch->end = at + BATCH_OVERHEAD + length;
    if (batch->count < 0)
        return ODD;
    return batch->attributes & CODEC && !(batch->attributes & CONTROL) ? PACKED : -1;
}

/* A number of variable length; the place after it, NULL where there is none. */
static inline const byte *read_varint(const byte *p, const byte *end, int64_t *value)
{
    uint64_t bits = 0;
    for (int shift = 0; p < end && shift < 70; shift += 7) {
        bits |= (uint64_t)(*p & 0x7F) << shift;
        if (!(*p++ & 0x80)) {
            *value = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return p;
        }
    }
    return NULL;
}

/* Bytes that say their length first; `*length` is below zero where there are none. */
static inline const byte *read_bytes(const byte *p, const byte *end, const byte **start, int64_t *length)
{
    p = read_varint(p, end, length);
    if (p == NULL || *length > end - p)
        return NULL;
    *start = p;
    return *length > 0 ? p + *length : p;
}

static const byte *skip_headers(const byte *p, const byte *end)
{
    int64_t count, length;
    const byte *start;
    p = read_varint(p, end, &count);
    if (p == NULL || count < 0)
        return NULL;
    for (; p != NULL && count > 0; count--) {
        p = read_bytes(p, end, &start, &length);
        if (p == NULL || length < 0)
            return NULL;
        p = read_bytes(p, end, &start, &length);
    }
    return p;
}

typedef struct {
    int64_t *columns;
    Py_ssize_t room, found;
    int64_t next; /* offset from which on records are wanted */
} Places;

/* Note where one record stands, if it is wanted; the place after it, NULL if anything about it is odd. */
static inline const byte *read_record(const Batch *batch, const byte *p, const byte *end, const byte *origin,
                                      Places *places)
{
    int64_t length, attributes, after_ms, delta, key_length, value_length;
    const byte *key, *value;
    p = read_varint(p, end, &length);
    if (p == NULL || length < 0 || length > end - p)
        return NULL;
    end = p + length;
    if ((p = read_varint(p, end, &attributes)) == NULL || (p = read_varint(p, end, &after_ms)) == NULL ||
        (p = read_varint(p, end, &delta)) == NULL)
        return NULL;
    int64_t offset = sum(batch->base, delta), key_at = p - origin;
    if ((p = read_bytes(p, end, &key, &key_length)) == NULL || (p = read_bytes(p, end, &value, &value_length)) == NULL)
        return NULL;
    if (skip_headers(p, end) != end)
        return NULL;
    if (offset < places->next)
        return end;
    if (places->found == places->room || offset == INT64_MAX)
        return NULL;
    int64_t *place = places->columns + places->found++;
    place[OFFSETS * places->room] = offset;
    place[RECORD_MS * places->room] =
        batch->attributes & LOG_APPEND_TIME ? batch->max_ms : sum(batch->first_ms, after_ms);
    place[STARTS * places->room] = value - origin;
    place[LENGTHS * places->room] = value_length < 0 ? -1 : value_length;
    place[KEYS * places->room] = key_at;
    places->next = offset + 1;
    return end;
}

/* Note the records of one batch, which stand from `p` to `end`; all of them or, where anything is odd, none. */
static int read_records(const Batch *batch, const byte *p, const byte *end, const byte *origin, Places *places)
{
    Places before = *places;
    for (int32_t i = 0; p != NULL && i < batch->count; i++)
        p = read_record(batch, p, end, origin, places);
    /* An offset that went back would have records read again. */
    if (p != end || batch->next < places->next) {
        *places = before;
        return 0;
    }
    places->next = batch->next;
    return 1;
}

static int is_plausible(const Batch *batch, Py_ssize_t bytes) { return batch->count <= bytes / RECORD_BYTES_MIN; }

static PyObject *count(PyObject *module, PyObject *arguments)
{
    Py_buffer data;
    Py_ssize_t at, found = 0;
    Batch batch;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "y*n", &data, &at))
        return NULL;
    for (at = at < 0 ? data.len : at; at <= data.len && read_batch(&data, at, &batch) == -1; at = batch.end)
        if (!(batch.attributes & CONTROL)) {
            if (!is_plausible(&batch, batch.end - at))
                break;
            found += batch.count;
        }
    PyBuffer_Release(&data);
    return PyLong_FromSsize_t(found);
}

/* Index whole batches from `*at` on; why it stopped. */
static int index_plain(const Py_buffer *data, Py_ssize_t *at, Places *places)
{
    const byte *origin = data->buf;
    for (;;) {
        Batch batch;
        int state = read_batch(data, *at, &batch);
        if (state != -1)
            return state;
        if (batch.attributes & CONTROL) {
            if (batch.next < places->next)
                return ODD;
            places->next = batch.next;
        } else if (!is_plausible(&batch, batch.end - *at) ||
                   !read_records(&batch, origin + *at + BATCH_HEADER, origin + batch.end, origin, places))
            return ODD;
        *at = batch.end;
    }
}

/* Index compressed batches from `*at` on. Their records stand unpacked behind each other, `ends` says where those of each
   end. Says PACKED where all went well: what follows is not known. */
static int index_unpacked(const Py_buffer *data, Py_ssize_t *at, const Py_buffer *records, const Py_buffer *ends,
                          Places *places)
{
    const byte *origin = records->buf;
    const int64_t *end = ends->buf;
    int64_t start = 0;
    for (Py_ssize_t i = 0; i < ends->len / (Py_ssize_t)sizeof *end; start = end[i++]) {
        Batch batch;
        if (end[i] < start || end[i] > records->len || read_batch(data, *at, &batch) != PACKED ||
            !is_plausible(&batch, end[i] - start) ||
            !read_records(&batch, origin + start, origin + end[i], origin, places))
            return ODD;
        *at = batch.end;
    }
    return PACKED;
}

/* The compressed batches that come first, until they hold so many records: codec, start and end of what is compressed. */
static PyObject *packed(PyObject *module, PyObject *arguments)
{
    Py_buffer data;
    Py_ssize_t at, most, found = 0;
    Batch batch;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "y*nn", &data, &at, &most))
        return NULL;
    PyObject *places = PyList_New(0);
    for (at = at < 0 ? data.len : at;
         places != NULL && found < most && at <= data.len && read_batch(&data, at, &batch) == PACKED; at = batch.end) {
        PyObject *place = Py_BuildValue("inn", batch.attributes & CODEC, at + BATCH_HEADER, batch.end);
        if (place == NULL || PyList_Append(places, place) < 0)
            Py_CLEAR(places);
        Py_XDECREF(place);
        found += batch.count;
    }
    PyBuffer_Release(&data);
    return places == NULL ? NULL : Py_BuildValue("nN", found, places);
}

static PyObject *index_batches(PyObject *module, PyObject *arguments)
{
    Py_buffer data, places_view, records = {.obj = NULL}, ends = {.obj = NULL};
    PyObject *places_array, *result = NULL;
    Py_ssize_t at;
    long long next;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "y*nLO|y*y*", &data, &at, &next, &places_array, &records, &ends))
        return NULL;
    if (PyObject_GetBuffer(places_array, &places_view, PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) == 0) {
        Places places = {places_view.buf, places_view.len / (Py_ssize_t)sizeof(int64_t) / COLUMNS, 0, next};
        if (at < 0 || at > data.len)
            PyErr_SetString(PyExc_ValueError, "no place in the response");
        else {
            int state = ends.obj == NULL ? index_plain(&data, &at, &places)
                                         : index_unpacked(&data, &at, &records, &ends, &places);
            result = Py_BuildValue("innL", state, places.found, at, (long long)places.next);
        }
        PyBuffer_Release(&places_view);
    }
    if (records.obj != NULL)
        PyBuffer_Release(&records);
    if (ends.obj != NULL)
        PyBuffer_Release(&ends);
    PyBuffer_Release(&data);
    return result;
}

/* New bytes and a view to fill them by: until then, nobody else may see them. The view does not keep them alive. */
static PyObject *blank(PyObject *module, PyObject *argument)
{
    (void)module;
    Py_ssize_t size = PyLong_AsSsize_t(argument);
    if (size < 1) { /* those of no length are shared by all */
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "there must be something to fill");
        return NULL;
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
    if (bytes == NULL)
        return NULL;
    PyObject *view = PyMemoryView_FromMemory(PyBytes_AsString(bytes), size, PyBUF_WRITE);
    if (view == NULL) {
        Py_DECREF(bytes);
        return NULL;
    }
    return Py_BuildValue("NN", bytes, view);
}

static PyMethodDef METHODS[] = {
    {"count", count, METH_VARARGS, "How many records the batches up to the first compressed one can hold."},
    {"packed", packed, METH_VARARGS, "How many records the compressed batches that come first hold, and where they are."},
    {"blank", blank, METH_O, "New bytes of a length above zero, and a view by which they are filled."},
    {"index", index_batches, METH_VARARGS, "Note where records stand: why it stopped, how many, place, next offset."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_batches", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit__batches(void) { return PyModule_Create(&MODULE); }
