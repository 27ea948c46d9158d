#include "sim/plot.h"

#include <algorithm>
#include <cmath>

#include "sim/cells.h"

namespace muster::sim {
namespace {

constexpr double kLeft = 64, kRight = 16, kTop = 12, kBottom = 44;

// With one decimal, and none where it is 0.
std::string Pixel(double value) {
  std::string text = Number(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

double PartOf(const Axis& axis, double value) {
  const double cut = std::clamp(value, axis.least, axis.most);
  if (!axis.logarithmic) return (cut - axis.least) / (axis.most - axis.least);
  return std::log(cut / axis.least) / std::log(axis.most / axis.least);
}

// 1, 2 or 5 times a power of ten, for about six steps.
double RoundStep(double most) {
  const double rough = most / 6;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double times : {1.0, 2.0, 5.0}) {
    if (times * power >= rough) return times * power;
  }
  return 10 * power;
}

std::string Short(double value) {
  return value == std::floor(value) ? Number(value, 0) : Number(value, 2);
}

}  // namespace

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

Axis LinearAxis(const std::string& title, double most) {
  const double step = std::max(1.0, RoundStep(std::max(most, 1.0)));
  Axis axis{title, 0, step * std::max(1.0, std::ceil(most / step)), false, {}};
  for (int i = 0; i * step <= axis.most + step / 2; ++i) {
    axis.ticks.push_back({i * step, Short(i * step)});
  }
  return axis;
}

Axis TimeAxis(const std::string& title, std::int64_t ms) {
  constexpr double kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
  const auto most = static_cast<double>(ms);
  double unit = 1'000;
  const char* name = "s";
  if (most >= 2 * kMinute) unit = kMinute, name = "min";
  if (most >= 2 * kHour) unit = kHour, name = "h";
  if (most >= 3 * kDay) unit = kDay, name = "d";
  Axis axis{title + " (" + name + ")", 0, most, false, {}};
  const double step = RoundStep(most / unit);
  for (int i = 0; i * step * unit <= most; ++i) {
    axis.ticks.push_back({i * step * unit, Short(i * step)});
  }
  return axis;
}

Axis LogTimeAxis(const std::string& title, double most) {
  static const std::vector<Tick> kTicks = {
      {1, "1 s"},         {10, "10 s"},         {60, "1 min"},         {600, "10 min"},
      {3600, "1 h"},      {36000, "10 h"},      {86400, "1 d"},        {864000, "10 d"},
      {8640000, "100 d"}, {86400000, "1000 d"}, {864000000, "10000 d"}};
  Axis axis{title, 1, 60, true, {}};
  for (const Tick& tick : kTicks) {
    axis.ticks.push_back(tick);
    axis.most = std::max(tick.at, 60.0);
    if (tick.at >= most && tick.at >= 60) break;
  }
  return axis;
}

Axis LogAxis(const std::string& title, double most) {
  Axis axis{title, 1, 10, true, {{1, "1"}, {10, "10"}}};
  while (axis.most < most && axis.most < 1e12) {
    axis.most *= 10;
    axis.ticks.push_back({axis.most, Number(axis.most, 0)});
  }
  return axis;
}

Plot::Plot(const Caption& caption, const Axis& x, const Axis& y, const Size& size)
    : caption_(caption), x_(x), y_(y), size_(size) {
  DrawAxes();
}

double Plot::X(double value) const {
  return kLeft + PartOf(x_, value) * (size_.width - kLeft - kRight);
}

double Plot::Y(double value) const {
  return size_.height - kBottom - PartOf(y_, value) * (size_.height - kTop - kBottom);
}

void Plot::DrawAxes() {
  const double left = kLeft, right = size_.width - kRight;
  const double bottom = size_.height - kBottom;
  for (const Tick& tick : y_.ticks) {
    const std::string y = Pixel(Y(tick.at));
    body_ += "<line class=\"grid\" x1=\"" + Pixel(left) + "\" x2=\"" + Pixel(right) + "\" y1=\"" +
             y + "\" y2=\"" + y + "\"/><text class=\"end\" x=\"" + Pixel(left - 6) + "\" y=\"" +
             Pixel(Y(tick.at) + 4) + "\">" + Escape(tick.label) + "</text>\n";
  }
  for (const Tick& tick : x_.ticks) {
    body_ += "<text class=\"middle\" x=\"" + Pixel(X(tick.at)) + "\" y=\"" + Pixel(bottom + 16) +
             "\">" + Escape(tick.label) + "</text>\n";
  }
  body_ += "<path class=\"axis\" d=\"M" + Pixel(left) + " " + Pixel(kTop) + "V" + Pixel(bottom) +
           "H" + Pixel(right) + "\"/>\n";
  body_ += "<text class=\"middle\" x=\"" + Pixel((left + right) / 2) + "\" y=\"" +
           Pixel(size_.height - 8) + "\">" + Escape(x_.title) + "</text>\n";
  body_ += "<text class=\"middle\" transform=\"translate(14 " + Pixel((kTop + bottom) / 2) +
           ") rotate(-90)\">" + Escape(y_.title) + "</text>\n";
}

std::string Plot::Path(const std::vector<Point>& points, char first) const {
  std::string path;
  for (const Point& point : points) {
    path += (path.empty() ? first : 'L') + Pixel(X(point.x)) + " " + Pixel(Y(point.y));
  }
  return path;
}

void Plot::Line(const std::vector<Point>& points, std::string_view colour, bool dashed) {
  if (points.empty()) return;
  body_ += "<path class=\"" + std::string(dashed ? "dashed" : "line") + "\" stroke=\"" +
           std::string(colour) + "\" d=\"" + Path(points, 'M') + "\"/>\n";
}

void Plot::Band(const std::vector<Point>& low, const std::vector<Point>& high,
                std::string_view colour) {
  if (low.empty()) return;
  const std::vector<Point> back(high.rbegin(), high.rend());
  body_ += "<path class=\"band\" fill=\"" + std::string(colour) + "\" d=\"" + Path(low, 'M') +
           Path(back, 'L') + "Z\"/>\n";
}

void Plot::Rect(const Point& from, const Point& to, std::string_view colour) {
  const double x = X(from.x), y = Y(to.y);
  body_ += "<rect x=\"" + Pixel(x) + "\" y=\"" + Pixel(y) + "\" width=\"" +
           Pixel(std::max(X(to.x) - x, 0.4)) + "\" height=\"" +
           Pixel(std::max(Y(from.y) - y, 0.4)) + "\"";
  if (!colour.empty()) body_ += " fill=\"" + std::string(colour) + "\"";
  body_ += "/>\n";
}

void Plot::Mark(const Point& at, std::string_view colour) {
  body_ += "<circle cx=\"" + Pixel(X(at.x)) + "\" cy=\"" + Pixel(Y(at.y)) + "\" r=\"3\" fill=\"" +
           std::string(colour) + "\"/>\n";
}

void Plot::Label(const Point& at, const std::string& text) {
  body_ += "<text class=\"middle\" x=\"" + Pixel(X(at.x)) + "\" y=\"" + Pixel(Y(at.y) - 5) + "\">" +
           Escape(text) + "</text>\n";
}

void Plot::OpenGroup(const std::string& title, std::string_view colour) {
  body_ += "<g fill=\"" + std::string(colour) + "\"><title>" + Escape(title) + "</title>";
}

void Plot::CloseGroup() { body_ += "</g>\n"; }

std::string Plot::Finish() const {
  const std::string& id = caption_.id;
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"" + id + "\" role=\"img\" viewBox=\"0 0 " +
         Pixel(size_.width) + " " + Pixel(size_.height) + "\" aria-labelledby=\"" + id + "-t " +
         id + "-d\">\n<title id=\"" + id + "-t\">" + Escape(caption_.title) +
         "</title><desc id=\"" + id + "-d\">" + Escape(caption_.text) + "</desc>\n" + body_ +
         "</svg>\n";
}

}  // namespace muster::sim
