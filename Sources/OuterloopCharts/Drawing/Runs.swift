/// Lines with gaps, and lines with more points than pixels.
enum Runs {
  /// The runs of consecutive points that can be shown, in order.
  static func split(_ points: [Pixel?]) -> [[Pixel]] {
    var result: [[Pixel]] = []
    var run: [Pixel] = []
    for point in points {
      if let point {
        run.append(point)
      } else if !run.isEmpty {
        result.append(run)
        run = []
      }
    }
    if !run.isEmpty { result.append(run) }
    return result
  }

  /// A run that looks the same with fewer points: of neighbours in the same pixel column, the first,
  /// the highest, the lowest and the last are kept. Short runs are returned as they are.
  static func thinned(_ run: [Pixel], limit: Int = 2000) -> [Pixel] {
    guard run.count > limit else { return run }
    var result: [Pixel] = []
    var start = 0
    while start < run.count {
      let column = run[start].x.rounded()
      var (low, high, end) = (start, start, start)
      while end < run.count, run[end].x.rounded() == column {
        if run[end].y < run[low].y { low = end }
        if run[end].y > run[high].y { high = end }
        end += 1
      }
      var last = -1
      for index in [start, min(low, high), max(low, high), end - 1] where index > last {
        result.append(run[index])
        last = index
      }
      start = end
    }
    return result
  }
}
