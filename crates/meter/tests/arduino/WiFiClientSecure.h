#pragma once
#include "Arduino.h"

class Client {};
class WiFiClientSecure : public Client {
public:
  void setCACert(const char *certificate);
};
