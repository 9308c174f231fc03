// What docs/firmware uses of PubSubClient 2.8.
#pragma once
#include "WiFiClientSecure.h"

class PubSubClient {
public:
  explicit PubSubClient(Client &client);
  PubSubClient &setServer(const char *host, uint16_t port);
  PubSubClient &setCallback(void (*callback)(char *topic, byte *payload, unsigned int length));
  bool setBufferSize(uint16_t size);
  bool connect(const char *id, const char *user, const char *password);
  bool connected();
  bool subscribe(const char *topic, uint8_t qos);
  bool publish(const char *topic, const char *payload, bool retained);
  bool loop();
};
