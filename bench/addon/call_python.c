/*
 * The least a compiled addon has to do for `add(i64, i64)`: two integers in, one vectorcall, one integer out, the GIL
 * taken and given back around it. It knows one signature and refuses nothing, so it is a floor, not a rival.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <node_api.h>

static PyObject *function;

static napi_value fail(napi_env env, const char *message) {
  napi_throw_error(env, NULL, message);
  return NULL;
}

/* open(folder, module, name): starts Python once and keeps the function for call(). */
static napi_value open_function(napi_env env, napi_callback_info info) {
  napi_value args[3];
  char folder[4096], module[256], name[256];
  size_t count = 3, length;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  napi_get_value_string_utf8(env, args[0], folder, sizeof folder, &length);
  napi_get_value_string_utf8(env, args[1], module, sizeof module, &length);
  napi_get_value_string_utf8(env, args[2], name, sizeof name, &length);

  Py_InitializeEx(0);
  PyObject *path = PyUnicode_FromString(folder);
  PyList_Insert(PySys_GetObject("path"), 0, path);
  Py_DECREF(path);
  PyObject *imported = PyImport_ImportModule(module);
  if (imported != NULL) function = PyObject_GetAttrString(imported, name);
  int failed = function == NULL;
  if (failed) PyErr_Print();
  PyEval_SaveThread();
  return failed ? fail(env, "cannot import the function") : NULL;
}

/* call(a, b): both integers; what comes back is one too. */
static napi_value call_function(napi_env env, napi_callback_info info) {
  napi_value args[2], result;
  int64_t a, b, sum;
  size_t count = 2;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (napi_get_value_int64(env, args[0], &a) != napi_ok || napi_get_value_int64(env, args[1], &b) != napi_ok) {
    return fail(env, "two numbers, please");
  }

  PyGILState_STATE state = PyGILState_Ensure();
  PyObject *values[3] = {NULL, PyLong_FromLongLong(a), PyLong_FromLongLong(b)};
  PyObject *returned = PyObject_Vectorcall(function, values + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
  Py_DECREF(values[1]);
  Py_DECREF(values[2]);
  sum = returned == NULL ? -1 : PyLong_AsLongLong(returned);
  Py_XDECREF(returned);
  int failed = PyErr_Occurred() != NULL;
  if (failed) PyErr_Print();
  PyGILState_Release(state);

  if (failed) return fail(env, "the call failed");
  napi_create_int64(env, sum, &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function_value;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_function, NULL, &function_value);
  napi_set_named_property(env, exports, "open", function_value);
  napi_create_function(env, "call", NAPI_AUTO_LENGTH, call_function, NULL, &function_value);
  napi_set_named_property(env, exports, "call", function_value);
  return exports;
}
