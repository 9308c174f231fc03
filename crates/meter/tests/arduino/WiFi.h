#pragma once
#include "Arduino.h"

struct WiFiClass {
  void begin(const char *network, const char *password);
  int8_t RSSI();
};
extern WiFiClass WiFi;
