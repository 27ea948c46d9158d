// Text that many objects have in common (names, label keys and values, reasons): equal texts are
// kept once for the whole process, and one is as large as a pointer.
//
// For what is kept, not for what is passed on: making one looks it up.  Threads: safe to make, copy
// and destroy anywhere; a const std::string& from it lives as long as any equal SharedText does.
#pragma once

#include <atomic>
#include <compare>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

namespace muster::base {

// Text of any other type.
template <class T>
concept PlainText = std::convertible_to<const T&, std::string_view>;

class SharedText {
 public:
  SharedText() = default;
  template <PlainText T>
  SharedText(const T& text)  // NOLINT(google-explicit-constructor): a string wherever one is meant
      : kept_(Keep(text)) {}
  SharedText(const SharedText& other) : kept_(other.kept_) {
    if (kept_ != nullptr) kept_->users.fetch_add(1, std::memory_order_relaxed);
  }
  SharedText(SharedText&& other) noexcept : kept_(std::exchange(other.kept_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(kept_, other.kept_);
    return *this;
  }
  ~SharedText() {
    if (kept_ != nullptr) Leave(kept_);
  }
  // Whatever takes a string takes this one too.
  // NOLINTNEXTLINE(google-explicit-constructor): as the constructor
  operator const std::string&() const { return str(); }
  const std::string& str() const { return kept_ == nullptr ? kNothing : kept_->text; }
  bool empty() const { return kept_ == nullptr; }
  void clear() { *this = SharedText(); }

  friend bool operator==(const SharedText& a, const SharedText& b) { return a.kept_ == b.kept_; }
  template <PlainText T>
  friend bool operator==(const SharedText& a, const T& b) {
    return a.str() == b;
  }
  friend std::strong_ordering operator<=>(const SharedText& a, const SharedText& b) {
    return a.str() <=> b.str();
  }
  friend std::string operator+(const SharedText& a, std::string_view b) {
    return std::string(a.str()).append(b);
  }
  friend std::string operator+(std::string a, const SharedText& b) { return a.append(b.str()); }
  friend std::ostream& operator<<(std::ostream& out, const SharedText& text);

 private:
  struct Kept {
    std::string text;
    std::atomic<std::int64_t> users;
  };
  struct Pool;
  static inline const std::string kNothing;

  static Kept* Keep(std::string_view text);  // null for ""
  static void Leave(Kept* kept);

  Kept* kept_ = nullptr;
};

// Orders and finds SharedText by any kind of text.
struct TextLess {
  using is_transparent = void;
  bool operator()(const SharedText& a, const SharedText& b) const { return a < b; }
  template <PlainText T>
  bool operator()(const SharedText& a, const T& b) const {
    return std::string_view(a.str()) < std::string_view(b);
  }
  template <PlainText T>
  bool operator()(const T& a, const SharedText& b) const {
    return std::string_view(a) < std::string_view(b.str());
  }
};

}  // namespace muster::base
