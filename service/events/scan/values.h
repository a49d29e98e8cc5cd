/* Where the values of records stand, and how one of them is had as the grammar wants it: with a zero behind. */
#ifndef DRIFTLINE_VALUES_H
#define DRIFTLINE_VALUES_H

#include "text.h"

/* The values of records, anywhere in one buffer; a length below zero is a tombstone. */
typedef struct {
    const byte *data;
    const int64_t *starts, *lengths;
    Py_ssize_t size;
} Values;

/* Room in which a value gets the zero behind it that reading relies on. */
typedef struct {
    byte *bytes;
    Py_ssize_t size;
} Scratch;

/* A value with a zero behind it: where it stands, or a copy; NULL, with an exception set, if there can be none. */
static const byte *terminated(const Values *values, Py_ssize_t i, Scratch *scratch)
{
    int64_t start = values->starts[i], length = values->lengths[i];
    if (start < 0 || start > values->size || length > values->size - start) {
        PyErr_SetString(PyExc_ValueError, "a value stands outside of the buffer");
        return NULL;
    }
    const byte *value = values->data + start;
    if (length < values->size - start && value[length] == 0)
        return value;
    if (length >= scratch->size) {
        byte *grown = PyMem_Realloc(scratch->bytes, (size_t)length * 2 + 1);
        if (grown == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        scratch->bytes = grown;
        scratch->size = length * 2 + 1;
    }
    memcpy(scratch->bytes, value, (size_t)length);
    scratch->bytes[length] = 0;
    return scratch->bytes;
}

#endif
