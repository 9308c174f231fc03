// A meter for the EnerLink wallet, to start from: see docs/meter-protocol.md.

#include <ArduinoJson.h>
#include <Preferences.h>
#include <PubSubClient.h>
#include <WiFi.h>
#include <WiFiClientSecure.h>

const char *METER_ID = "METER-001";
const char *BASE = "enerlink/METER-001";
const char *CA = R"(-----BEGIN CERTIFICATE-----
...the ca.crt of your broker...
-----END CERTIFICATE-----)";
const int RELAY_PIN = 26;

WiFiClientSecure secure;
PubSubClient mqtt(secure);
Preferences flash;

// Totals in Wh; they only grow and survive a restart.
double exportWh, importWh;
double exportSettled, importSettled;
double exportW, importW;
bool pumpOn = false;
String gridMode = "export";
uint32_t sensorInterval = 5000, heartbeatInterval = 30000;

// The last commands and their answers: the same id is the same command.
struct Answer { String id; String json; };
Answer answers[16];
int newest = 0;

String topic(const char *last) { return String(BASE) + "/" + last; }

void publish(const char *last, JsonDocument &message) {
  message["meterId"] = METER_ID;
  String text;
  serializeJson(message, text);
  mqtt.publish(topic(last).c_str(), text.c_str(), false);
}

void readCounters() {
  // From your energy chip: add to exportWh and importWh, set exportW and importW.
}

void side(JsonObject group, double watts, double total, double settled) {
  group["power"] = watts * 1000;  // mW
  group["active"] = watts > 0;
  group["total_energy_wh"] = serialized(String(total, 6));
  group["settlement_energy_wh"] = serialized(String(total - settled, 6));
}

void sendSensors() {
  JsonDocument message;
  message["timestamp"] = millis();
  side(message["export"].to<JsonObject>(), exportW, exportWh, exportSettled);
  side(message["import"].to<JsonObject>(), importW, importWh, importSettled);
  publish("sensors", message);
}

void sendHeartbeat() {
  JsonDocument message;
  message["status"] = "alive";
  message["uptime"] = millis();
  message["timestamp"] = millis();
  message["free_heap"] = ESP.getFreeHeap();
  publish("heartbeat", message);
}

void sendStatus() {
  JsonDocument message;
  message["timestamp"] = millis();
  message["grid"]["mode"] = gridMode;
  message["grid"]["exporting"] = exportW > 0;
  message["grid"]["importing"] = importW > 0;
  message["relay"]["pump"] = pumpOn;
  message["wifi"]["connected"] = true;
  message["wifi"]["rssi"] = WiFi.RSSI();
  message["mqtt"]["connected"] = true;
  message["system"]["free_heap"] = ESP.getFreeHeap();
  publish("status", message);
}

// Carries out one command; returns why not, or nullptr.
const char *carryOut(JsonDocument &command, JsonDocument &answer) {
  if (command["grid"].is<const char *>()) {
    String mode = command["grid"].as<String>();
    if (mode != "import" && mode != "export" && mode != "off") return "unknown grid mode";
    gridMode = mode;  // and switch your contactor
    return nullptr;
  }
  if (command["energy"]["reset_settlement"] == "all") {
    answer["counters"]["export_wh"] = serialized(String(exportWh - exportSettled, 6));
    answer["counters"]["import_wh"] = serialized(String(importWh - importSettled, 6));
    exportSettled = exportWh;
    importSettled = importWh;
    flash.putDouble("exportSettled", exportSettled);
    flash.putDouble("importSettled", importSettled);
    return nullptr;
  }
  if (command["mqtt"].is<JsonObject>()) {
    uint32_t sensors = command["mqtt"]["sensor_interval"] | sensorInterval;
    uint32_t heartbeat = command["mqtt"]["heartbeat_interval"] | heartbeatInterval;
    if (sensors < 1000 || sensors > 600000 || heartbeat < 1000 || heartbeat > 600000) return "interval out of range";
    sensorInterval = sensors;
    heartbeatInterval = heartbeat;
    return nullptr;
  }
  if (command["relay"]["pump"].is<bool>()) {
    pumpOn = command["relay"]["pump"];
    digitalWrite(RELAY_PIN, pumpOn);
    return nullptr;
  }
  return "unknown command";
}

void onCommand(char *, byte *payload, unsigned int length) {
  JsonDocument command;
  if (deserializeJson(command, payload, length)) return;
  String id = command["correlation_id"] | "";
  for (Answer &known : answers) {
    if (id.length() > 0 && known.id == id) {
      mqtt.publish(topic("response").c_str(), known.json.c_str(), false);
      return;
    }
  }
  JsonDocument answer;
  const char *error = carryOut(command, answer);
  answer["correlation_id"] = id;
  answer["ok"] = error == nullptr;
  if (error) answer["error"] = error;
  if (id.length() > 0) {
    newest = (newest + 1) % 16;
    answers[newest].id = id;
    answers[newest].json = "";
    serializeJson(answer, answers[newest].json);
    mqtt.publish(topic("response").c_str(), answers[newest].json.c_str(), false);
  }
  sendStatus();
}

void setup() {
  pinMode(RELAY_PIN, OUTPUT);
  flash.begin("meter");
  exportWh = flash.getDouble("export", 0);
  importWh = flash.getDouble("import", 0);
  exportSettled = flash.getDouble("exportSettled", 0);
  importSettled = flash.getDouble("importSettled", 0);
  WiFi.begin("your network", "its password");
  secure.setCACert(CA);
  mqtt.setServer("broker.lan", 8883);
  mqtt.setBufferSize(2048);
  mqtt.setCallback(onCommand);
}

void loop() {
  static uint32_t lastSensors, lastHeartbeat, lastStatus, lastSave, lastAttempt;
  uint32_t now = millis();
  readCounters();
  if (now - lastSave > 300000) {
    lastSave = now;
    flash.putDouble("export", exportWh);
    flash.putDouble("import", importWh);
  }
  if (!mqtt.connected()) {
    if (now - lastAttempt < 5000) return;
    lastAttempt = now;
    // No session is kept: a switch that moves when the meter comes back, hours later, would surprise.
    if (!mqtt.connect(METER_ID, METER_ID, "its password")) return;
    mqtt.subscribe(topic("command").c_str(), 1);
    sendStatus();
  }
  mqtt.loop();
  if (now - lastSensors >= sensorInterval) { lastSensors = now; sendSensors(); }
  if (now - lastHeartbeat >= heartbeatInterval) { lastHeartbeat = now; sendHeartbeat(); }
  if (now - lastStatus >= 15000) { lastStatus = now; sendStatus(); }
}
