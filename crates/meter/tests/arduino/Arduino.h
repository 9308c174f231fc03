// What docs/firmware uses of the Arduino core for ESP32, declared for a compiler to check it by.
#pragma once
#include <cstddef>
#include <cstdint>

typedef uint8_t byte;
const uint8_t OUTPUT = 3;
uint32_t millis();
void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);

class String {
public:
  String(const char *text = "");
  explicit String(double value, unsigned int digits);
  const char *c_str() const;
  unsigned int length() const;
  bool operator==(const String &other) const;
  bool operator!=(const char *other) const;
};
String operator+(const String &left, const char *right);

struct EspClass {
  uint32_t getFreeHeap();
};
extern EspClass ESP;
