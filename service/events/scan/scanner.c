/* Reads events of the usual form straight into columns.
 *
 * This is the fast half of decoding, and no more: whatever it is not sure to read as the compiled decoder would
 * (escapes, repeated keys, odd types, times out of range, anything malformed) it leaves alone, and says so.
 */
#include "model.h"
#include "times.h"
#include "values.h"

/* As in service/events/timestamps.py. */
#define FIRST_MS 946684800000LL
#define END_MS 4102444800000LL

/* Distinct values of a column that are remembered from one call to the next. */
#define VALUES_MAX 1024

enum { HAS_PREDICTION = 1, HAS_ERROR = 2, HAS_ACTUAL = 4 };
enum { KEY_MODEL, KEY_VERSION, KEY_TIMESTAMP, KEY_FEATURES, KEY_PREDICTION, KEY_ERROR, KEY_ACTUAL, KEY_TAGS,
       KEY_LATENCY, KEYS };
static const char *const KEY_TEXTS[KEYS] = {"\"model\":",      "\"model_version\":", "\"timestamp\":", "\"features\":",
                                            "\"prediction\":", "\"error\":",         "\"actual\":",    "\"tags\":",
                                            "\"latency_ms\":"};

typedef struct {
    PyObject_HEAD
    Model *models;
    Py_ssize_t count;
    Codes names;
    Part envelope;
    Date date;
} Scanner;

static const byte *read_error(const byte *p, const byte *end, int *wide, int *failed)
{
    double number;
    switch (*p) {
    case 'n':
        *failed = 0;
        return word_end(p, end, "null", 4);
    case 'f':
        *failed = 0;
        return word_end(p, end, "false", 5);
    case 't':
        *failed = 1;
        return word_end(p, end, "true", 4);
    case '"':
        *failed = p[1] != '"';
        p = plain_string_end(p + 1, wide);
        return p == NULL ? NULL : p + 1;
    default:
        p = read_number(p, &number);
        *failed = p != NULL && number != 0.0;
        return p;
    }
}

static const byte *read_timestamp(Scanner *self, const byte *p, const byte *end, int64_t *time_ms)
{
    double number;
    if (*p == '"')
        p = read_time(p + 1, end, &self->date, time_ms);
    else if ((p = read_number(p, &number)) != NULL) {
        if (!(number >= (double)FIRST_MS && number < (double)END_MS))
            return NULL;
        *time_ms = (int64_t)floor(number);
    }
    return p != NULL && *time_ms >= FIRST_MS && *time_ms < END_MS ? p : NULL;
}

/* Which model the event names, wherever it does so; -1 if that cannot be said. */
static int64_t owner_of(Scanner *self, const byte *p, const byte *end)
{
    const byte *key;
    size_t length;
    int wide = 0, tired = 0;
    while (*p == '"') {
        p = read_key(p, &key, &length, &wide);
        if (p == NULL)
            return -1;
        if (length == 5 && memcmp(key, "model", 5) == 0) {
            const byte *stop = *p == '"' ? plain_string_end(p + 1, &wide) : NULL;
            if (stop == NULL)
                return -1;
            length = (size_t)(stop - p - 1);
            return codes_find(&self->names, hash_of('m', p + 1, length), 'm', p + 1, length, &tired);
        }
        p = value_end(p, end, 0, &wide);
        if (p == NULL || (p = after_member(p, '}')) == NULL)
            return -1;
    }
    return -1;
}

static int part_of(int key)
{
    return key == KEY_FEATURES ? FEATURES : key == KEY_PREDICTION ? PREDICTION : key == KEY_TAGS ? TAGS : ACTUAL;
}

/* Read one member of the event; the place after it, NULL where it cannot be read here. */
static const byte *read_member(Scanner *self, Model *model, int key, const byte *p, const byte *end, int *wide,
                               const Target *target, Py_ssize_t event, int *flags)
{
    int failed = 0;
    double *took;
    switch (key) {
    case -1:
        return value_end(p, end, 0, wide);
    case KEY_MODEL: /* it has been read */
        return *p == '"' && (p = plain_string_end(p + 1, wide)) != NULL ? p + 1 : NULL;
    case KEY_VERSION:
        return read_scalar(&model->columns[0], SCALAR, p, end, wide, &target->codes[event * target->code_step]);
    case KEY_TIMESTAMP:
        return read_timestamp(self, p, end, &target->times[event]);
    case KEY_LATENCY:
        took = &target->numbers[event * target->number_step + model->number_count - 1];
        p = read_numeric(NUMBER, p, end, wide, took);
        *took = *took < 0.0 ? -INFINITY : *took;
        return p;
    case KEY_ERROR:
        p = read_error(p, end, wide, &failed);
        *flags |= failed ? HAS_ERROR : 0;
        return p;
    default:
        if (*p == 'n' && key != KEY_FEATURES) {
            const byte *stop = word_end(p, end, "null", 4);
            read_part(model, part_of(key), NULL, end, wide, target, event);
            return stop;
        }
        *flags |= key == KEY_PREDICTION ? HAS_PREDICTION : key == KEY_ACTUAL ? HAS_ACTUAL : 0;
        return read_part(model, part_of(key), p, end, wide, target, event);
    }
}

/* The first member of the event at `p`; NULL if it is no object. */
static const byte *first_member(const byte *p)
{
    p = skip_space(p);
    return *p == '{' ? skip_space(p + 1) : NULL;
}

/* Read one event of a model; whether it was one of the usual form. */
static int read_event(Scanner *self, const byte *start, const byte *end, int64_t owner, const Target *target,
                      Py_ssize_t event)
{
    const byte *p = first_member(start);
    Unknown unknown = {.count = 0};
    int last = -1, wide = 0, flags = 0;
    unsigned seen = 0;
    Model *model = &self->models[owner];
    while (*p != '}') {
        const byte *after;
        int key = next_field(&self->envelope, last, p, end, &unknown, &wide, &after);
        if (after == NULL || (key >= 0 && seen >> key & 1))
            return 0;
        if (key >= 0) {
            seen |= 1U << key;
            last = key;
        }
        p = read_member(self, model, key, after, end, &wide, target, event, &flags);
        if (p == NULL || (p = after_member(p, '}')) == NULL)
            return 0;
    }
    if (skip_space(p + 1) != end || !(seen >> KEY_TIMESTAMP & 1) || flags == 0)
        return 0;
    if (!(seen >> KEY_VERSION & 1))
        target->codes[event * target->code_step] = 0;
    if (!(seen >> KEY_LATENCY & 1))
        target->numbers[event * target->number_step + model->number_count - 1] = INFINITY;
    for (int key = KEY_FEATURES; key <= KEY_TAGS; key++)
        if (key != KEY_ERROR && !(seen >> key & 1))
            read_part(model, part_of(key), NULL, end, &wide, target, event);
    if (wide) {
        PyObject *text = PyUnicode_DecodeUTF8((const char *)start, end - start, "strict");
        if (text == NULL) {
            PyErr_Clear();
            return 0;
        }
        Py_DECREF(text);
    }
    target->owners[event] = (int32_t)owner;
    target->flags[event] = (byte)flags;
    return 1;
}

static int part_init(Part *part, int count)
{
    part->fields = PyMem_Calloc((size_t)count + 1, sizeof *part->fields);
    part->next = PyMem_Calloc((size_t)count + 1, sizeof *part->next);
    part->count = part->fields != NULL && part->next != NULL ? count : 0;
    for (int i = 0; i < part->count; i++)
        part->next[i] = i;
    return part->fields != NULL && part->next != NULL;
}

static int field_init(Field *field, const char *key, Py_ssize_t length, int kind, int slot)
{
    field->key = PyMem_Malloc((size_t)length + 3);
    if (field->key == NULL)
        return 0;
    field->key[0] = '"';
    memcpy(field->key + 1, key, (size_t)length);
    memcpy(field->key + 1 + length, "\":", 2);
    field->length = (size_t)length + 3;
    field->kind = kind;
    field->slot = slot;
    return 1;
}

static void part_free(Part *part)
{
    for (int i = 0; i < part->count; i++)
        PyMem_Free(part->fields[i].key);
    PyMem_Free(part->fields);
    PyMem_Free(part->next);
}

static void scanner_free(Scanner *self)
{
    for (Py_ssize_t m = 0; m < self->count; m++) {
        Model *model = &self->models[m];
        for (int which = 0; which < PARTS; which++)
            part_free(&model->parts[which]);
        for (int c = 0; c < model->column_count; c++) {
            Py_XDECREF(model->columns[c].initial);
            Py_XDECREF(model->columns[c].values);
            codes_free(&model->columns[c].codes);
        }
        PyMem_Free(model->columns);
    }
    PyMem_Free(self->models);
    part_free(&self->envelope);
    codes_free(&self->names);
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    freefunc release = PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* fields: a list of (key, kind, slot). */
static int part_from(Part *part, PyObject *fields, const Model *model)
{
    Py_ssize_t count = PyList_Check(fields) ? PyList_Size(fields) : -1;
    if (count < 0 || count > FIELDS_MAX || !part_init(part, (int)count))
        return 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        const char *key;
        Py_ssize_t length;
        int kind, slot;
        if (!PyArg_ParseTuple(PyList_GetItem(fields, i), "y#ii", &key, &length, &kind, &slot))
            return 0;
        int bound = kind == NUMBER ? model->number_count : kind == TRUE_NUMBER ? 1 : model->column_count;
        if (slot < 0 || slot >= bound || !field_init(&part->fields[i], key, length, kind, slot))
            return 0;
    }
    return 1;
}

/* model: (name, count of numbers, initial values of each column, features, prediction, tags, actual). */
static int model_from(Scanner *self, Model *model, PyObject *spec)
{
    const char *name;
    Py_ssize_t length;
    PyObject *columns, *parts[PARTS];
    if (!PyArg_ParseTuple(spec, "y#iO!OOOO", &name, &length, &model->number_count, &PyList_Type, &columns, &parts[0],
                          &parts[1], &parts[2], &parts[3]))
        return 0;
    const byte *text = (const byte *)name;
    if (codes_append(&self->names, hash_of('m', text, (size_t)length), 'm', text, (size_t)length) == NO_CODE)
        return 0;
    model->columns = PyMem_Calloc((size_t)PyList_Size(columns) + 1, sizeof *model->columns);
    if (model->columns == NULL)
        return 0;
    for (; model->column_count < PyList_Size(columns); model->column_count++) {
        Column *column = &model->columns[model->column_count];
        column->initial = PySequence_List(PyList_GetItem(columns, model->column_count));
        if (column->initial == NULL || PyList_Size(column->initial) == 0 || !column_reset(column))
            return 0;
    }
    for (int which = 0; which < PARTS; which++)
        if (!part_from(&model->parts[which], parts[which], model))
            return 0;
    return model->column_count > 0 && model->number_count > 0;
}

static PyObject *scanner_new(PyTypeObject *type, PyObject *arguments, PyObject *names)
{
    PyObject *specs;
    (void)names;
    if (!PyArg_ParseTuple(arguments, "O!", &PyList_Type, &specs))
        return NULL;
    allocfunc allocate = PyType_GetSlot(type, Py_tp_alloc);
    Scanner *self = (Scanner *)allocate(type, 0);
    if (self == NULL)
        return NULL;
    int fine = part_init(&self->envelope, KEYS);
    for (int key = 0; fine && key < KEYS; key++)
        fine = field_init(&self->envelope.fields[key], KEY_TEXTS[key] + 1, (Py_ssize_t)strlen(KEY_TEXTS[key]) - 3, 0, 0);
    self->models = fine ? PyMem_Calloc((size_t)PyList_Size(specs) + 1, sizeof *self->models) : NULL;
    fine = self->models != NULL;
    while (fine && self->count < PyList_Size(specs)) {
        self->count++;
        fine = model_from(self, &self->models[self->count - 1], PyList_GetItem(specs, self->count - 1));
    }
    if (!fine) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "the scanner cannot hold these models");
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int forget(Scanner *self)
{
    for (Py_ssize_t m = 0; m < self->count; m++)
        for (int c = 0; c < self->models[m].column_count; c++)
            if (self->models[m].columns[c].codes.count > VALUES_MAX && !column_reset(&self->models[m].columns[c]))
                return 0;
    return 1;
}

/* Which model the value of record i names; the count of models if it is none to be read; -1 with an exception set. */
static int64_t group_of(Scanner *self, const Values *values, Py_ssize_t i, Py_ssize_t limit, Scratch *scratch)
{
    if (values->lengths[i] < 0 || values->lengths[i] > limit)
        return self->count;
    const byte *value = terminated(values, i, scratch);
    if (value == NULL)
        return -1;
    const byte *p = first_member(value);
    const int64_t owner = p == NULL ? -1 : owner_of(self, p, value + values->lengths[i]);
    return owner < 0 ? self->count : owner;
}

/* Put the records of each model behind each other, in their order, and behind them those of none. */
static int put_in_order(Scanner *self, const Values *values, Py_ssize_t limit, Target *target, Scratch *scratch)
{
    int64_t *ends = target->ends, *groups = PyMem_Malloc((size_t)target->size * sizeof *groups + 1);
    if (groups == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    memset(ends, 0, ((size_t)self->count + 1) * sizeof *ends);
    Py_ssize_t i = 0;
    for (; i < target->size && (groups[i] = group_of(self, values, i, limit, scratch)) >= 0; i++)
        ends[groups[i]]++;
    if (i == target->size) {
        int64_t begin = 0;
        for (Py_ssize_t group = 0; group <= self->count; group++) {
            const int64_t length = ends[group];
            ends[group] = begin;
            begin += length;
        }
        for (i = 0; i < target->size; i++)
            target->order[ends[groups[i]]++] = i;
    }
    PyMem_Free(groups);
    return i == target->size;
}

/* Ask for a value's memory before it is read. */
static inline void prefetch(const Values *values, int64_t i)
{
    const byte *value = values->data + values->starts[i];
    for (int64_t at = 0; at < values->lengths[i] && at < 1024; at += 64)
        __builtin_prefetch(value + at);
}

/* Whether the places of the values are right; if not, an exception is set. */
static int scan_all(Scanner *self, const Values *values, Py_ssize_t limit, Target *target)
{
    Scratch scratch = {NULL, 0};
    int fine = put_in_order(self, values, limit, target, &scratch);
    Py_ssize_t slot = 0;
    memset(target->found, 0, (size_t)self->count * sizeof *target->found);
    for (int64_t group = 0; fine && group < self->count; group++)
        for (; fine && slot < target->ends[group]; slot++) {
            const int64_t i = target->order[slot];
            /* Records of one model lie apart where there are many. */
            if (slot + 2 < target->ends[group])
                prefetch(values, target->order[slot + 2]);
            const byte *value = terminated(values, i, &scratch);
            fine = value != NULL;
            target->owners[slot] = -1;
            if (fine)
                target->found[group] += read_event(self, value, value + values->lengths[i], group, target, slot);
        }
    for (; fine && slot < target->size; slot++)
        target->owners[slot] = -1;
    PyMem_Free(scratch.bytes);
    return fine;
}

enum { NUMBERS, CODES, TIMES, OWNERS, FLAGS, ORDER, STARTS, LENGTHS, ENDS, FOUND, DATA, ARRAYS };

/* Bytes an event takes in each of the arrays. */
static void widths_of(const Scanner *self, Py_ssize_t *widths)
{
    for (Py_ssize_t m = 0; m < self->count; m++) {
        Py_ssize_t numbers = self->models[m].number_count * 8, codes = self->models[m].column_count * 8;
        widths[NUMBERS] = numbers > widths[NUMBERS] ? numbers : widths[NUMBERS];
        widths[CODES] = codes > widths[CODES] ? codes : widths[CODES];
    }
}

static PyObject *scanner_scan(Scanner *self, PyObject *arguments)
{
    static const int WRITTEN[ARRAYS] = {1, 1, 1, 1, 1, 1, [ENDS] = 1, [FOUND] = 1};
    PyObject *arrays[ARRAYS];
    Py_ssize_t limit, widths[ARRAYS] = {[TIMES] = 8, [OWNERS] = 4, [FLAGS] = 1, [ORDER] = 8, [STARTS] = 8};
    Py_buffer views[ARRAYS];
    int held = 0;
    if (!PyArg_ParseTuple(arguments, "OOOnOOOOOOOO", &arrays[DATA], &arrays[STARTS], &arrays[LENGTHS], &limit,
                          &arrays[NUMBERS], &arrays[CODES], &arrays[TIMES], &arrays[OWNERS], &arrays[FLAGS],
                          &arrays[ORDER], &arrays[ENDS], &arrays[FOUND]))
        return NULL;
    widths_of(self, widths);
    PyObject *result = NULL;
    for (; held < ARRAYS; held++)
        if (PyObject_GetBuffer(arrays[held], &views[held],
                               (WRITTEN[held] ? PyBUF_WRITABLE : 0) | PyBUF_C_CONTIGUOUS) < 0)
            goto done;
    Py_ssize_t size = views[LENGTHS].len / 8;
    int fits = views[ENDS].len / 8 > self->count && views[FOUND].len / 8 >= self->count;
    for (int array = 0; array < LENGTHS; array++)
        fits &= widths[array] == 0 || views[array].len / widths[array] >= size;
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "an array is too small for the events");
        goto done;
    }
    if (forget(self)) {
        Target target = {views[NUMBERS].buf, views[CODES].buf, views[TIMES].buf,    views[OWNERS].buf,
                         views[FLAGS].buf,   views[ORDER].buf, views[ENDS].buf,     views[FOUND].buf,
                         size,               widths[NUMBERS] / 8, widths[CODES] / 8};
        Values values = {views[DATA].buf, views[STARTS].buf, views[LENGTHS].buf, views[DATA].len};
        result = scan_all(self, &values, limit, &target) ? Py_NewRef(Py_None) : NULL;
    }
done:
    while (held > 0)
        PyBuffer_Release(&views[--held]);
    return result;
}

static PyObject *scanner_values(Scanner *self, PyObject *arguments)
{
    Py_ssize_t model;
    int column;
    if (!PyArg_ParseTuple(arguments, "ni", &model, &column))
        return NULL;
    if (model < 0 || model >= self->count || column < 0 || column >= self->models[model].column_count) {
        PyErr_SetString(PyExc_IndexError, "no such column");
        return NULL;
    }
    /* The list itself: it only grows, and a column that is begun anew gets another. */
    return Py_NewRef(self->models[model].columns[column].values);
}

static PyMethodDef METHODS[] = {
    {"scan", (PyCFunction)scanner_scan, METH_VARARGS, "Read events into arrays, those of each model behind each other."},
    {"values", (PyCFunction)scanner_values, METH_VARARGS, "The distinct values of a column, by code."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot SLOTS[] = {
    {Py_tp_new, scanner_new},
    {Py_tp_dealloc, scanner_free},
    {Py_tp_methods, METHODS},
    {Py_tp_doc, "Reads events of the usual form straight into columns."},
    {0, NULL},
};

static PyType_Spec SPEC = {"service.events._scanner.Scanner", sizeof(Scanner), 0, Py_TPFLAGS_DEFAULT, SLOTS};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_scanner", .m_size = -1};

PyMODINIT_FUNC PyInit__scanner(void)
{
    PyObject *module = PyModule_Create(&MODULE);
    PyObject *type = module == NULL ? NULL : PyType_FromSpec(&SPEC);
    if (type == NULL || PyModule_AddObject(module, "Scanner", type) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
