// Plain Node-API with less noise. A converter that gets the wrong type throws a TypeError in
// JavaScript and returns nullopt: the caller then returns nullptr at once.
#pragma once

#include <node_api.h>
#include <uv.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "os_error.h"

namespace wolfguard::napi {

// ─── JavaScript → C++ ─────────────────────────────────────────────────────────────────────────

/** The first N arguments of a call; those not given are undefined. */
template <size_t N>
std::array<napi_value, N> arguments(napi_env env, napi_callback_info info) {
  std::array<napi_value, N> values{};
  size_t count = N;
  napi_get_cb_info(env, info, &count, values.data(), nullptr, nullptr);
  return values;
}

inline std::nullopt_t wrong_type(napi_env env, const char* what, const char* wanted) {
  const std::string message = std::string(what) + " must be " + wanted;
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message.c_str());
  return std::nullopt;
}

/** `what` names the value in the TypeError, here and below. */
inline std::optional<std::string> to_string(napi_env env, napi_value value, const char* what) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    return wrong_type(env, what, "a string");
  }
  std::string text(length, '\0');
  napi_get_value_string_utf8(env, value, text.data(), length + 1, &length);
  return text;
}

inline std::optional<double> to_number(napi_env env, napi_value value, const char* what) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) {
    return wrong_type(env, what, "a number");
  }
  return number;
}

/** A whole number of the range of int64_t that a double can hold exactly. */
inline std::optional<int64_t> to_int64(napi_env env, napi_value value, const char* what) {
  constexpr double kMaxSafe = 9007199254740991;  // Number.MAX_SAFE_INTEGER
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok || std::trunc(number) != number ||
      std::fabs(number) > kMaxSafe) {
    return wrong_type(env, what, "a whole number");
  }
  return static_cast<int64_t>(number);
}

inline std::optional<int> to_int(napi_env env, napi_value value, const char* what) {
  const auto number = to_int64(env, value, what);
  if (!number) return std::nullopt;
  if (*number < INT32_MIN || *number > INT32_MAX) return wrong_type(env, what, "a 32-bit number");
  return static_cast<int>(*number);
}

inline std::optional<bool> to_bool(napi_env env, napi_value value, const char* what) {
  bool flag = false;
  if (napi_get_value_bool(env, value, &flag) != napi_ok) return wrong_type(env, what, "a boolean");
  return flag;
}

/** The bytes of a Uint8Array or Buffer; valid only until the native call returns. */
inline std::optional<std::span<const uint8_t>> to_bytes(napi_env env, napi_value value,
                                                        const char* what) {
  bool is_typed = false;
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  if (napi_is_typedarray(env, value, &is_typed) != napi_ok || !is_typed ||
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    return wrong_type(env, what, "a Uint8Array");
  }
  return std::span<const uint8_t>(static_cast<const uint8_t*>(data), length);
}

/** The property's value, or undefined when `object` is none or has none of that name. */
inline napi_value property(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  napi_valuetype type = napi_undefined;
  if (object == nullptr || napi_typeof(env, object, &type) != napi_ok || type != napi_object ||
      napi_get_named_property(env, object, name, &value) != napi_ok) {
    napi_get_undefined(env, &value);
  }
  return value;
}

inline std::optional<std::string> string_property(napi_env env, napi_value object,
                                                  const char* name) {
  return to_string(env, property(env, object, name), name);
}

inline std::optional<double> number_property(napi_env env, napi_value object, const char* name) {
  return to_number(env, property(env, object, name), name);
}

inline std::optional<int> int_property(napi_env env, napi_value object, const char* name) {
  return to_int(env, property(env, object, name), name);
}

inline std::optional<bool> bool_property(napi_env env, napi_value object, const char* name) {
  return to_bool(env, property(env, object, name), name);
}

inline std::optional<std::span<const uint8_t>> bytes_property(napi_env env, napi_value object,
                                                              const char* name) {
  return to_bytes(env, property(env, object, name), name);
}

/** As bytes_property, or nothing where the property is null. */
inline std::optional<std::span<const uint8_t>> bytes_or_null_property(napi_env env,
                                                                      napi_value object,
                                                                      const char* name) {
  napi_value value = property(env, object, name);
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_null) return {{}};
  return to_bytes(env, value, name);
}

inline std::optional<uint32_t> array_length(napi_env env, napi_value array, const char* what) {
  uint32_t length = 0;
  if (napi_get_array_length(env, array, &length) != napi_ok) {
    return wrong_type(env, what, "an array");
  }
  return length;
}

inline napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value value = nullptr;
  if (napi_get_element(env, array, index, &value) != napi_ok) napi_get_undefined(env, &value);
  return value;
}

// ─── C++ → JavaScript ─────────────────────────────────────────────────────────────────────────

inline napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

inline napi_value null(napi_env env) {
  napi_value value = nullptr;
  napi_get_null(env, &value);
  return value;
}

inline napi_value number(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

inline napi_value boolean(napi_env env, bool flag) {
  napi_value value = nullptr;
  napi_get_boolean(env, flag, &value);
  return value;
}

inline napi_value string(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

/** A Buffer with a copy of the bytes. */
inline napi_value bytes(napi_env env, std::span<const uint8_t> bytes) {
  napi_value value = nullptr;
  napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &value);
  return value;
}

inline napi_value object(napi_env env) {
  napi_value value = nullptr;
  napi_create_object(env, &value);
  return value;
}

inline napi_value array(napi_env env, size_t length) {
  napi_value value = nullptr;
  napi_create_array_with_length(env, length, &value);
  return value;
}

inline void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

inline void set_element(napi_env env, napi_value array, uint32_t index, napi_value value) {
  napi_set_element(env, array, index, value);
}

/** Adds a function to an object, under that name in stack traces too. `data` may be null. */
inline void define(napi_env env, napi_value object, const char* name, napi_callback callback,
                   void* data = nullptr) {
  napi_value function = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function) == napi_ok) {
    set(env, object, name, function);
  }
}

/** Throws an Error shaped like those of node:fs: `code` (a name), `errno` (negative), `syscall`. */
inline napi_value throw_os_error(napi_env env, OsError error) {
  char code[32];
  char text[128];
  uv_err_name_r(-error.code, code, sizeof code);
  uv_strerror_r(-error.code, text, sizeof text);
  const std::string message = std::string(code) + ": " + text + ", " + error.call;
  napi_value failure = nullptr;
  napi_create_error(env, string(env, code), string(env, message), &failure);
  set(env, failure, "errno", number(env, -error.code));
  set(env, failure, "syscall", string(env, error.call));
  napi_throw(env, failure);
  return nullptr;
}

}  // namespace wolfguard::napi
