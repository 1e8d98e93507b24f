internal import OuterloopNumerics

/// The inputs of the deep kernel's network for observations and candidates: an encoded configuration, the epoch
/// as a fraction, and the curve before it.
struct NetworkRows: Sendable {
  /// How a curve is passed to the filters.
  enum CurveForm: Sendable, Hashable {
    /// A window ends at each known value and its first value is repeated before it; a row without curve has the
    /// curve features 0. So a row's features depend only on the row.
    case masked
    /// As published: zeros after the values up to the longest curve of the rows, or three values.
    case zeroPadded
  }

  let form: CurveForm
  /// The length of an encoded configuration.
  let width: Int
  private(set) var count = 0
  /// (count, width + 1) by rows.
  private var points: [Double] = []
  private var curves: [[Double]] = []

  /// Rows and windows are padded to multiples of these, so that a study needs few programs.
  private static let rowStep = 32
  private static let windowStep = 8
  /// Added to positions outside a curve.
  private static let outside = -1e100

  init(width: Int, _ form: CurveForm) { (self.width, self.form) = (width, form) }

  /// - Parameter epoch: as a fraction of a full training.
  mutating func append(_ configuration: ArraySlice<Double>, epoch: Double, curve: [Double]) {
    precondition(configuration.count == width)
    points += configuration
    points.append(epoch)
    curves.append(curve)
    count += 1
  }

  mutating func append(contentsOf other: NetworkRows) {
    points += other.points
    curves += other.curves
    count += other.count
  }

  /// The number of rows in the program that runs them.
  var paddedCount: Int { (count + Self.rowStep - 1) / Self.rowStep * Self.rowStep }

  /// Rows (n, width + 1), windows (n, 3 places), 0 or far below it where a place has a window or not (n, places),
  /// whether a row has a curve (n, 1), and each row's weight in a mean (n, 1); n is the padded count.
  func tensors() -> [Tensor] {
    let (n, k) = (paddedCount, KernelNetwork.window)
    let longest = curves.reduce(0) { max($0, $1.count) }
    let most = form == .masked ? longest : max(longest, k) - k + 1
    let places = max((most + Self.windowStep - 1) / Self.windowStep, 1) * Self.windowStep
    var windows = [Double](repeating: 0, count: n * places * k)
    var inside = [Double](repeating: Self.outside, count: n * places)
    var hasCurve = [Double](repeating: 0, count: n)
    for (row, curve) in curves.enumerated() {
      let used = form == .masked ? curve.count : most
      guard used > 0 else { continue }
      hasCurve[row] = 1
      for place in 0..<used {
        inside[row * places + place] = 0
        for step in 0..<k {
          let at = form == .masked ? max(place + step - k + 1, 0) : place + step
          windows[(row * places + place) * k + step] = at < curve.count ? curve[at] : 0
        }
      }
    }
    let share = (0..<n).map { $0 < count ? 1 / Double(count) : 0 }
    let padding = [Double](repeating: 0, count: (n - count) * (width + 1))
    return [
      Tensor(points + padding, shape: [n, width + 1], dtype: .float64),
      Tensor(windows, shape: [n, places * k], dtype: .float64),
      Tensor(inside, shape: [n, places], dtype: .float64),
      Tensor(hasCurve, shape: [n, 1], dtype: .float64),
      Tensor(share, shape: [n, 1], dtype: .float64),
    ]
  }
}
