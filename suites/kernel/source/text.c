/* Memory and strings. */
#include "kernel.h"

void *memcpy(void *target, const void *source, size_t count) {
  void *start = target;
  __asm__ volatile("rep movsb" : "+D"(target), "+S"(source), "+c"(count) : : "memory");
  return start;
}

void *memset(void *target, int value, size_t count) {
  void *start = target;
  __asm__ volatile("rep stosb" : "+D"(target), "+c"(count) : "a"(value) : "memory");
  return start;
}

uint32_t text_length(const char *text) {
  uint32_t length = 0;
  while (text[length]) length++;
  return length;
}

bool text_equal(const char *left, const char *right) {
  while (*left && *left == *right) left++, right++;
  return *left == *right;
}

uint32_t text_number(const char *text, uint32_t fallback) {
  if (*text < '0' || *text > '9') return fallback;
  uint32_t value = 0;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (uint32_t)(*text - '0');
  return value;
}

struct field {
  uint32_t width;
  bool left, zero;
};

static void put_padded(void (*put)(char), struct field field, const char *text, uint32_t length) {
  uint32_t padding = field.width > length ? field.width - length : 0;
  if (!field.left) for (uint32_t i = 0; i < padding; i++) put(field.zero ? '0' : ' ');
  for (uint32_t i = 0; i < length; i++) put(text[i]);
  if (field.left) for (uint32_t i = 0; i < padding; i++) put(' ');
}

static void put_number(void (*put)(char), struct field field, uint32_t value, uint32_t base, bool negative) {
  char digits[12];
  uint32_t start = sizeof digits;
  do {
    digits[--start] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value);
  if (negative) digits[--start] = '-';
  put_padded(put, field, digits + start, sizeof digits - start);
}

void text_format(void (*put)(char), const char *format, va_list arguments) {
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    struct field field = {0, false, false};
    format++;
    if (*format == '-') field.left = true, format++;
    if (*format == '0') field.zero = true, format++;
    for (; *format >= '0' && *format <= '9'; format++) field.width = field.width * 10 + (uint32_t)(*format - '0');
    if (*format == 's') {
      const char *text = va_arg(arguments, const char *);
      put_padded(put, field, text, text_length(text));
    } else if (*format == 'd') {
      int32_t value = va_arg(arguments, int32_t);
      put_number(put, field, value < 0 ? -(uint32_t)value : (uint32_t)value, 10, value < 0);
    } else if (*format == 'u') {
      put_number(put, field, va_arg(arguments, uint32_t), 10, false);
    } else if (*format == 'x') {
      put_number(put, field, va_arg(arguments, uint32_t), 16, false);
    } else if (*format == 'c') {
      put((char)va_arg(arguments, int));
    } else {
      put(*format);
    }
  }
}
