#pragma once
#include "Arduino.h"

class Preferences {
public:
  bool begin(const char *name);
  double getDouble(const char *key, double fallback);
  size_t putDouble(const char *key, double value);
};
