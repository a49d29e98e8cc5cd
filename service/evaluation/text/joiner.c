/* Puts lines together out of columns of text and numbers. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *data;
    Py_ssize_t length;
} Text;

/* One part of every line: a constant, one of several texts by a code, the next of some written numbers, or an integer. */
typedef struct {
    enum { CONSTANT, BY_CODE, WRITTEN, INTEGER } kind;
    Text *texts;
    Py_ssize_t text_count;
    const int64_t *codes;
    const char *at, *end;
    Py_buffer view;
    int viewed;
} Part;

typedef struct {
    char *data;
    size_t length, room;
} Line;

static int make_room(Line *line, size_t more)
{
    if (line->length + more <= line->room)
        return 1;
    const size_t room = 2 * (line->length + more);
    char *data = PyMem_Realloc(line->data, room);
    if (data == NULL)
        return 0;
    line->data = data;
    line->room = room;
    return 1;
}

static int put(Line *line, const char *data, size_t length)
{
    if (!make_room(line, length))
        return 0;
    memcpy(line->data + line->length, data, length);
    line->length += length;
    return 1;
}

static int put_integer(Line *line, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    if (value < 0)
        return put(line, "null", 4);
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    return put(line, digits + at, sizeof digits - at);
}

/* Up to the next comma, or to the end; exponents are written without a plus. */
static int put_written(Line *line, Part *part)
{
    if (part->at > part->end || !make_room(line, (size_t)(part->end - part->at < 40 ? part->end - part->at : 40)))
        return -(part->at > part->end);
    const char *const first = part->at;
    while (part->at < part->end && *part->at != ',') {
        if (part->at - first >= 40)
            return -1;
        if (*part->at != '+')
            line->data[line->length++] = *part->at;
        part->at++;
    }
    part->at++;
    return 1;
}

static int take_texts(PyObject *texts, Part *part)
{
    part->text_count = PyTuple_Size(texts);
    if (part->text_count < 0)
        return 0;
    part->texts = PyMem_Calloc((size_t)part->text_count + 1, sizeof *part->texts);
    if (part->texts == NULL)
        return PyErr_NoMemory() != NULL;
    for (Py_ssize_t i = 0; i < part->text_count; i++) {
        char *data;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(texts, i), &data, &part->texts[i].length) < 0)
            return 0;
        part->texts[i].data = data;
    }
    return 1;
}

static int take_codes(PyObject *codes, Part *part, Py_ssize_t count)
{
    if (PyObject_GetBuffer(codes, &part->view, PyBUF_ND) < 0)
        return 0;
    part->viewed = 1;
    part->codes = part->view.buf;
    int fits = part->view.ndim == 1 && part->view.itemsize == 8 && part->view.shape[0] == count;
    for (Py_ssize_t i = 0; fits && part->kind == BY_CODE && i < count; i++)
        fits = part->codes[i] >= 0 && part->codes[i] < part->text_count;
    if (!fits)
        PyErr_SetString(PyExc_ValueError, "a code for each line, and a text for each code");
    return fits;
}

static int take_part(PyObject *pair, Part *part, Py_ssize_t count)
{
    PyObject *texts, *codes;
    char *data;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(pair, "OO", &texts, &codes))
        return 0;
    if (codes == Py_None) {
        part->kind = CONSTANT;
        if (PyBytes_AsStringAndSize(texts, &data, &length) < 0)
            return 0;
        part->at = data;
        part->end = data + length;
        return 1;
    }
    if (texts != Py_None) {
        part->kind = BY_CODE;
        return take_texts(texts, part) && take_codes(codes, part, count);
    }
    if (PyBytes_Check(codes)) {
        part->kind = WRITTEN;
        if (PyBytes_AsStringAndSize(codes, &data, &length) < 0)
            return 0;
        if (length < 2 || data[0] != '[' || data[length - 1] != ']') {
            PyErr_SetString(PyExc_ValueError, "numbers stand in an array");
            return 0;
        }
        part->at = data + 1;
        part->end = data + length - 1;
        return 1;
    }
    part->kind = INTEGER;
    return take_codes(codes, part, count);
}

/* -1 when there are fewer numbers than lines, 0 when there is no memory. */
static int put_part(Line *line, Part *part, Py_ssize_t number)
{
    switch (part->kind) {
    case CONSTANT:
        return put(line, part->at, (size_t)(part->end - part->at));
    case BY_CODE: {
        const Text *text = &part->texts[part->codes[number]];
        return put(line, text->data, (size_t)text->length);
    }
    case INTEGER:
        return put_integer(line, part->codes[number]);
    default:
        return put_written(line, part);
    }
}

static PyObject *joined(Part *parts, Py_ssize_t part_count, Py_ssize_t count)
{
    Line line = {0};
    PyObject *lines = PyList_New(count);
    int fine = lines != NULL;
    for (Py_ssize_t number = 0; fine > 0 && number < count; number++) {
        line.length = 0;
        for (Py_ssize_t i = 0; fine > 0 && i < part_count; i++)
            fine = put_part(&line, &parts[i], number);
        if (fine > 0) {
            PyObject *made = PyBytes_FromStringAndSize(line.data, (Py_ssize_t)line.length);
            fine = made != NULL && PyList_SetItem(lines, number, made) == 0;
        }
    }
    for (Py_ssize_t i = 0; fine > 0 && i < part_count; i++)
        if (parts[i].kind == WRITTEN && count && parts[i].at != parts[i].end + 1)
            fine = -1;
    PyMem_Free(line.data);
    if (fine > 0)
        return lines;
    if (fine < 0)
        PyErr_SetString(PyExc_ValueError, "a number for each line, and none of more than 40 characters");
    else if (!PyErr_Occurred())
        PyErr_NoMemory();
    Py_XDECREF(lines);
    return NULL;
}

static PyObject *join(PyObject *module, PyObject *arguments)
{
    PyObject *pairs, *result = NULL;
    Py_ssize_t count;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O!n", &PyTuple_Type, &pairs, &count))
        return NULL;
    if (count < 0) {
        PyErr_SetString(PyExc_ValueError, "no lines");
        return NULL;
    }
    const Py_ssize_t part_count = PyTuple_Size(pairs);
    Part *parts = PyMem_Calloc((size_t)part_count + 1, sizeof *parts);
    if (parts == NULL)
        return PyErr_NoMemory();
    int fine = 1;
    for (Py_ssize_t i = 0; fine && i < part_count; i++)
        fine = take_part(PyTuple_GetItem(pairs, i), &parts[i], count);
    if (fine)
        result = joined(parts, part_count, count);
    for (Py_ssize_t i = 0; i < part_count; i++) {
        PyMem_Free(parts[i].texts);
        if (parts[i].viewed)
            PyBuffer_Release(&parts[i].view);
    }
    PyMem_Free(parts);
    return result;
}

static PyMethodDef METHODS[] = {
    {"join", join, METH_VARARGS, "Lines out of columns."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_joiner", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit__joiner(void) { return PyModule_Create(&MODULE); }
