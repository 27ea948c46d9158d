#include "muster/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>

namespace muster::base {
namespace {

LogFormat g_format = LogFormat::kText;  // written once, by InitLog, before threads start

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = spdlog::stderr_logger_mt("muster");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%L%$ %v");
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// RFC 8259 section 7: quote, backslash and control characters are escaped.
void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string Render(std::string_view message, std::initializer_list<LogField> fields) {
  std::string line;
  const bool json = g_format == LogFormat::kJson;
  if (json) {
    line += "\"msg\":";
    AppendJsonString(line, message);
  } else {
    line += message;
  }
  for (const LogField& field : fields) {
    line += json ? "," : " ";
    if (json) {
      AppendJsonString(line, field.key);
    } else {
      line += field.key;
    }
    line += json ? ':' : '=';
    AppendJsonString(line, field.value);
  }
  return line;
}

}  // namespace

void InitLog(LogFormat format, LogLevel level) {
  g_format = format;
  Logger().set_level(ToSpdlog(level));
  Logger().flush_on(spdlog::level::warn);
  if (format == LogFormat::kJson) {
    Logger().set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})");
  }
}

void SetLogLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!Logger().should_log(ToSpdlog(level))) return;
  Logger().log(ToSpdlog(level), Render(message, fields));
}

}  // namespace muster::base
