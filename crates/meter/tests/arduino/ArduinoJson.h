// What docs/firmware uses of ArduinoJson 7.
#pragma once
#include "Arduino.h"

class JsonObject;

struct Serialized {};
Serialized serialized(const String &number);

class JsonVariant {
public:
  JsonVariant operator[](const char *key) const;
  JsonVariant &operator=(bool value);
  JsonVariant &operator=(double value);
  JsonVariant &operator=(int value);
  JsonVariant &operator=(unsigned int value);
  JsonVariant &operator=(const char *value);
  JsonVariant &operator=(const String &value);
  JsonVariant &operator=(Serialized value);
  template <typename T> bool is() const;
  template <typename T> T as() const;
  template <typename T> T to();
  operator bool() const;
  bool operator==(const char *text) const;
  const char *operator|(const char *fallback) const;
  uint32_t operator|(uint32_t fallback) const;
};

class JsonObject {
public:
  JsonVariant operator[](const char *key) const;
};

class JsonDocument {
public:
  JsonVariant operator[](const char *key);
};

class DeserializationError {
public:
  explicit operator bool() const;
};
size_t serializeJson(const JsonDocument &document, String &text);
DeserializationError deserializeJson(JsonDocument &document, const byte *bytes, size_t length);
