/* What is read of one model's events, and where each value goes. */
#ifndef DRIFTLINE_MODEL_H
#define DRIFTLINE_MODEL_H

#include "codes.h"
#include "numbers.h"

#define FIELDS_MAX 512

enum { NUMBER, SCALAR, TEXT, TRUE_NUMBER, TRUE_SCALAR };

/* A coded column: the first code stands for an absent value, and either it or the second for null. */
typedef struct {
    Codes codes;
    PyObject *initial; /* list */
    PyObject *values;  /* list, by code */
} Column;

typedef struct {
    byte *key; /* quoted, with its colon */
    size_t length;
    int kind;
    int slot; /* row of the numbers, or of the codes */
} Field;

/* An object within an event. After field `i` comes, most often, field `next[i + 1]`. */
typedef struct {
    Field *fields;
    int *next;
    int count;
} Part;

enum { FEATURES, PREDICTION, TAGS, ACTUAL, PARTS };

typedef struct {
    Part parts[PARTS];
    Column *columns;
    int column_count, number_count; /* the last number is the latency */
} Model;

/* Where the values of `size` events go: an event has a row of numbers and one of codes, by slot. The events of model m
 * end before ends[m]; `order` says which record stands where, `found` how many of each model were read. */
typedef struct {
    double *numbers;
    int64_t *codes;
    int64_t *times;
    int32_t *owners;
    byte *flags;
    int64_t *order, *ends, *found;
    Py_ssize_t size, number_step, code_step;
} Target;

static int column_reset(Column *column)
{
    PyObject *values = PyList_GetSlice(column->initial, 0, PyList_Size(column->initial));
    if (values == NULL)
        return 0;
    Py_XDECREF(column->values);
    column->values = values;
    codes_free(&column->codes);
    for (Py_ssize_t code = 0; code < PyList_Size(values); code++)
        if (codes_append(&column->codes, hash_of('\0', (const byte *)&code, sizeof code), '\0', (const byte *)&code,
                         sizeof code) == NO_CODE) {
            PyErr_NoMemory();
            return 0;
        }
    return 1;
}

static PyObject *made(byte kind, const byte *p, size_t length)
{
    char digits[24];
    switch (kind) {
    case 's':
        return PyUnicode_DecodeUTF8((const char *)p, (Py_ssize_t)length, "strict");
    case 'i':
        memcpy(digits, p, length); /* at most 19 characters */
        digits[length] = 0;
        return PyLong_FromString(digits, NULL, 10);
    default:
        return PyBool_FromLong(kind == 't');
    }
}

/* The code of a value; NO_CODE if it cannot be had, with no exception set. */
static int64_t code_of(Column *column, byte kind, const byte *p, size_t length)
{
    uint64_t hash = hash_of(kind, p, length);
    int tired = 0;
    int64_t code = codes_find(&column->codes, hash, kind, p, length, &tired);
    if (code != NO_CODE || tired)
        return code;
    PyObject *value = made(kind, p, length);
    if (value == NULL || PyList_Append(column->values, value) < 0) {
        Py_XDECREF(value);
        PyErr_Clear();
        return NO_CODE;
    }
    Py_DECREF(value);
    code = codes_append(&column->codes, hash, kind, p, length);
    if (code == NO_CODE)
        PyList_SetSlice(column->values, PyList_Size(column->values) - 1, PyList_Size(column->values), NULL);
    return code;
}

/* Read a scalar as a code; the place after it, NULL where it is none that can be read here. */
static const byte *read_scalar(Column *column, int kind, const byte *p, const byte *end, int *wide, int64_t *code)
{
    const byte *stop;
    int as_text = kind == TEXT;
    switch (*p) {
    case '"':
        if ((stop = plain_string_end(p + 1, wide)) == NULL)
            return NULL;
        *code = code_of(column, 's', p + 1, (size_t)(stop++ - p - 1));
        break;
    case 'n':
        stop = kind == TRUE_SCALAR ? NULL : word_end(p, end, "null", 4);
        *code = PyList_Size(column->initial) - 1;
        break;
    case 't':
    case 'f':
        stop = *p == 't' ? word_end(p, end, "true", 4) : word_end(p, end, "false", 5);
        if (stop != NULL)
            *code = as_text ? code_of(column, 's', p, (size_t)(stop - p)) : code_of(column, *p, p, 0);
        break;
    default:
        if ((stop = read_integer(p)) != NULL)
            *code = code_of(column, as_text ? 's' : 'i', p, (size_t)(stop - p));
    }
    return stop == NULL || *code == NO_CODE ? NULL : stop;
}

/* Read a number; whatever is none, but JSON, is invalid. */
static const byte *read_numeric(int kind, const byte *p, const byte *end, int *wide, double *value)
{
    if (is_digit(*p) || *p == '-')
        return read_number(p, value);
    if (kind == TRUE_NUMBER)
        return NULL;
    *value = *p == 'n' ? NAN : -INFINITY;
    return value_end(p, end, 0, wide);
}

static int field_of(const Part *part, const byte *key, size_t length)
{
    for (int i = 0; i < part->count; i++)
        if (part->fields[i].length == length + 3 && memcmp(part->fields[i].key + 1, key, length) == 0)
            return i;
    return -1;
}

/* The field whose key stands at `p`, -1 if nobody asked for it; `*after` is the place of its value, or NULL. */
static inline int next_field(Part *part, int last, const byte *p, const byte *end, Unknown *unknown, int *wide,
                             const byte **after)
{
    int guess = part->next[last + 1];
    if (guess < part->count) {
        const Field *field = &part->fields[guess];
        if ((size_t)(end - p) > field->length && memcmp(p, field->key, field->length) == 0) {
            *after = skip_space(p + field->length);
            return guess;
        }
    }
    const byte *key;
    size_t length;
    *after = read_key(p, &key, &length, wide);
    if (*after == NULL)
        return -1;
    int found = field_of(part, key, length);
    if (found >= 0)
        part->next[last + 1] = found;
    else if (!is_new(unknown, key, length))
        *after = NULL;
    return found;
}

static void put_absent(const Field *field, const Target *target, Py_ssize_t event)
{
    if (field->kind == NUMBER)
        target->numbers[event * target->number_step + field->slot] = INFINITY;
    else if (field->kind != TRUE_NUMBER)
        target->codes[event * target->code_step + field->slot] = 0;
}

/* Read the object at `p`, or none where `p` is NULL; the place after it, NULL where it cannot be read here. */
static const byte *read_part(Model *model, int which, const byte *p, const byte *end, int *wide, const Target *target,
                             Py_ssize_t event)
{
    Part *part = &model->parts[which];
    Unknown unknown = {.count = 0};
    uint64_t seen[FIELDS_MAX / 64] = {0};
    int last = -1, count = 0;
    if (p != NULL) {
        if (*p != '{')
            return NULL;
        p = skip_space(p + 1);
        while (*p != '}') {
            const byte *after;
            int at = next_field(part, last, p, end, &unknown, wide, &after);
            if ((p = after) == NULL)
                return NULL;
            if (at < 0)
                p = value_end(p, end, 0, wide);
            else {
                const Field *field = &part->fields[at];
                if (seen[at / 64] >> (at % 64) & 1)
                    return NULL;
                seen[at / 64] |= 1ULL << (at % 64);
                count++;
                last = at;
                if (field->kind == NUMBER || field->kind == TRUE_NUMBER) {
                    double value = 0.0;
                    p = read_numeric(field->kind, p, end, wide, &value);
                    if (field->kind == NUMBER)
                        target->numbers[event * target->number_step + field->slot] = value;
                } else {
                    int64_t code = NO_CODE;
                    p = read_scalar(&model->columns[field->slot], field->kind, p, end, wide, &code);
                    target->codes[event * target->code_step + field->slot] = code;
                }
            }
            if (p == NULL || (p = after_member(p, '}')) == NULL)
                return NULL;
        }
        p++;
    }
    for (int i = 0; count < part->count && i < part->count; i++)
        if (!(seen[i / 64] >> (i % 64) & 1))
            put_absent(&part->fields[i], target, event);
    /* A label without its value is no label. */
    return which == ACTUAL && p != NULL && count == 0 ? NULL : p;
}

#endif
