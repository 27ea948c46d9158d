// Structured logging: one message and named fields, as text or JSON lines on standard error.
// The facade keeps spdlog out of every other file.
//
// Threads: safe from any thread once InitLog returned; before that, text at level info.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace muster::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

// One named value of a log line.  Keys are snake_case: job, node, cycle, error …
struct LogField {
  std::string_view key;
  std::string value;
};

void InitLog(LogFormat format, LogLevel level);
void SetLogLevel(LogLevel level);
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void LogInfo(std::string_view m, std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kInfo, m, f);
}
inline void LogWarn(std::string_view m, std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kWarn, m, f);
}
inline void LogError(std::string_view m, std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kError, m, f);
}
inline void LogDebug(std::string_view m, std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kDebug, m, f);
}

}  // namespace muster::base
