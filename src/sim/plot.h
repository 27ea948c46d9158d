// A plot as SVG: a frame with two axes, and what is drawn in it.  Private to sim.
//
// Coordinates that are handed in are in the units of the axes; what lies outside is cut to the
// frame.  The text is well-formed XML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::sim {

// & < > " as XML wants them, without control characters.
std::string Escape(std::string_view text);

struct Tick {
  double at = 0;
  std::string label;
};

struct Axis {
  std::string title;  // with its unit
  double least = 0, most = 1;
  bool logarithmic = false;  // then 0 < least
  std::vector<Tick> ticks;
};

// A count: from 0 to a round number not below `most`.
Axis LinearAxis(const std::string& title, double most);
// Time from 0 to `ms`, in the unit that suits it, which the title names.
Axis TimeAxis(const std::string& title, std::int64_t ms);
// Seconds from 1 up to at least `most`, labelled 1 s, 10 s, 1 min, 10 min, 1 h, 10 h, …
Axis LogTimeAxis(const std::string& title, double most);
// Powers of ten from 1 up to at least `most`.
Axis LogAxis(const std::string& title, double most);

struct Caption {
  std::string id;     // unique in the page
  std::string title;  // what is to be seen
  std::string text;   // how to read it; for those who cannot see it, what it shows
};

struct Size {
  double width = 880, height = 260;
};

class Plot {
 public:
  Plot(const Caption& caption, const Axis& x, const Axis& y, const Size& size = {});

  struct Point {
    double x = 0, y = 0;
  };
  void Line(const std::vector<Point>& points, std::string_view colour, bool dashed = false);
  // Between two lines of equal length.
  void Band(const std::vector<Point>& low, const std::vector<Point>& high, std::string_view colour);
  void Rect(const Point& from, const Point& to, std::string_view colour);
  // In the middle of a box plot's column, at the height of `y`.
  void Mark(const Point& at, std::string_view colour);
  void Label(const Point& at, const std::string& text);
  // What follows until CloseGroup is one thing, which a pointer on it names.
  void OpenGroup(const std::string& title, std::string_view colour);
  void CloseGroup();

  // The whole picture.
  std::string Finish() const;
  std::size_t bytes() const { return body_.size(); }

 private:
  double X(double value) const;
  double Y(double value) const;
  std::string Path(const std::vector<Point>& points, char first) const;
  void DrawAxes();

  Caption caption_;
  Axis x_, y_;
  Size size_;
  std::string body_;
};

}  // namespace muster::sim
