internal import OuterloopNumerics

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// One parameter's part of the kernels of a ``JointParzen``: by kernel, the prior's first.
struct JointColumn: Sendable {
  private struct Key: Comparable, Sendable {
    let value: Double
    let arrival: Int

    static func < (a: Key, b: Key) -> Bool {
      a.value != b.value ? a.value < b.value : a.arrival < b.arrival
    }
  }

  /// How the parameter enters the exponent.
  private enum Form: Sendable {
    /// A squared distance.
    case smooth(NumericDomain)
    /// A row of log masses for every kernel that differs.
    case slots(NumericDomain, count: Int)
    /// Masses worked out one by one.
    case cells(NumericDomain)
    case choices(Int)
  }

  private let form: Form
  private let options: ParzenOptions
  /// By kernel: what was observed, its coordinate, 1/sigma, and log(1/(sigma Z sqrt(2 pi))) (for
  /// masses log(1/Z); 0 where rows have it in them).
  private(set) var values: [Double]
  private(set) var center: [Double]
  private(set) var inverse: [Double]
  private(set) var logNorm: [Double]
  private var keys: [Int]
  private var sorted = SortedList<Key>()
  /// Arrivals whose bandwidth is to be worked out again.
  private var stale: [Int] = []
  private var floor: Double?
  private var rows: [[Double]] = []
  private var rowIndex: [RowKey: Int] = [:]
  private var rowOf: [Int]

  private struct RowKey: Hashable {
    let slot: Int
    let sigma: Double
  }

  init(domain: ParameterDomain, options: ParzenOptions) {
    self.options = options
    switch domain {
    case .categorical(let count): form = .choices(count)
    case .numeric(let numeric):
      if let count = numeric.gridCount {
        form = count <= SlotDensity.mostSlots ? .slots(numeric, count: count) : .cells(numeric)
      } else {
        form = .smooth(numeric)
      }
    }
    values = [0]
    center = [0]
    inverse = [0]
    logNorm = [0]
    keys = [Int.min]
    rowOf = [0]
    if let numeric { center[0] = 0.5 * (numeric.start + numeric.end) }
  }

  private var numeric: NumericDomain? {
    switch form {
    case .smooth(let domain), .slots(let domain, _), .cells(let domain): domain
    case .choices: nil
    }
  }

  var isSmooth: Bool { if case .smooth = form { true } else { false } }

  func coordinate(of value: Double) -> Double { numeric?.coordinate(of: value) ?? value }

  func contains(_ value: Double) -> Bool {
    switch form {
    case .choices(let count): value >= 0 && value < Double(count)
    case .smooth(let domain), .slots(let domain, _), .cells(let domain):
      value >= domain.low && value <= domain.high
    }
  }

  mutating func insert(_ value: Double, arrival: Int, kernel: Int) {
    precondition(!value.isNaN && kernel == values.count, "an observation is a number")
    guard let numeric else {
      if case .choices(let count) = form {
        append(min(max(value.rounded(), 0), Double(count - 1)), 0, arrival)
      }
      return
    }
    let settled =
      numeric.step == nil
      ? min(max(value, numeric.low), numeric.high) : numeric.value(slot: numeric.slot(of: value))
    append(settled, numeric.coordinate(of: settled), arrival)
    let key = Key(value: settled, arrival: arrival)
    sorted.insert(key)
    stale.append(arrival)
    noteNeighbours(of: key)
  }

  private mutating func append(_ value: Double, _ coordinate: Double, _ arrival: Int) {
    values.append(value)
    center.append(coordinate)
    inverse.append(0)
    logNorm.append(0)
    keys.append(arrival)
    rowOf.append(0)
  }

  /// Takes a kernel out; the last one takes its number.
  mutating func remove(kernel: Int) {
    if numeric != nil {
      let key = Key(value: values[kernel], arrival: keys[kernel])
      sorted.remove(key)
      stale.removeAll { $0 == key.arrival }
      noteNeighbours(of: key)
    }
    values.swapRemove(kernel)
    center.swapRemove(kernel)
    inverse.swapRemove(kernel)
    logNorm.swapRemove(kernel)
    keys.swapRemove(kernel)
    rowOf.swapRemove(kernel)
  }

  private mutating func noteNeighbours(of key: Key) {
    let (before, after) = sorted.neighbours(of: key)
    if let before { stale.append(before.arrival) }
    if let after { stale.append(after.arrival) }
  }

  /// Brings bandwidths up to date: those of neighbours of what changed, or all if the least
  /// bandwidth is another one.
  mutating func refresh(arrivals: [Int], kernels: [Int]) {
    guard let numeric else { return }
    let floor = options.floor(count: arrivals.count, width: numeric.width)
    if floor != self.floor {
      self.floor = floor
      rows = []
      rowIndex = [:]
      set(kernel: 0, sigma: numeric.width, numeric)
      stale = arrivals
    }
    for arrival in stale {
      let kernel = kernels[lowerBound(arrivals, arrival)]
      let key = Key(value: values[kernel], arrival: arrival)
      let (before, after) = sorted.neighbours(of: key)
      let gap = options.gap(
        center[kernel], before: before.map { numeric.coordinate(of: $0.value) },
        after: after.map { numeric.coordinate(of: $0.value) }, start: numeric.start,
        end: numeric.end)
      set(kernel: kernel, sigma: min(max(gap, floor), numeric.width), numeric)
    }
    stale = []
  }

  private mutating func set(kernel: Int, sigma: Double, _ domain: NumericDomain) {
    guard domain.width > 0 else { return }
    inverse[kernel] = 1 / sigma
    switch form {
    case .smooth:
      logNorm[kernel] =
        StandardNormal.logDensity(0) - log(sigma)
        - domain.logMass(center: center[kernel], sigma: sigma)
    case .cells:
      logNorm[kernel] = -domain.logMass(center: center[kernel], sigma: sigma)
    case .slots(_, let count):
      // The prior's centre is no grid point: slot -1.
      let slot = kernel == 0 ? -1 : domain.slot(of: values[kernel])
      rowOf[kernel] = row(RowKey(slot: slot, sigma: sigma), center[kernel], domain, count)
    case .choices: break
    }
  }

  private mutating func row(
    _ key: RowKey, _ center: Double, _ domain: NumericDomain, _ count: Int
  ) -> Int {
    if let index = rowIndex[key] { return index }
    let logMass = domain.logMass(center: center, sigma: key.sigma)
    rows.append(
      (0..<count).map {
        domain.logDensity(
          at: domain.value(slot: $0), center: center, sigma: key.sigma, logMass: logMass)
      })
    rowIndex[key] = rows.count - 1
    return rows.count - 1
  }

  /// Adds the log probability of every point under every kernel to `extra`, (points, kernels).
  /// Points outside the domain add nothing.
  func addLogProbability(at points: [Double], to extra: inout [Double]) {
    let stride = values.count
    for (i, point) in points.enumerated() where contains(point) {
      let from = i * stride
      switch form {
      case .smooth: break
      case .slots(let domain, _):
        guard domain.width > 0 else { continue }
        let slot = domain.slot(of: point)
        let byRow = rows.map { $0[slot] }
        for k in 0..<stride { extra[from + k] += byRow[rowOf[k]] }
      case .cells(let domain):
        let (left, right) = domain.cell(of: point)
        for k in 0..<stride {
          extra[from + k] += StandardNormal.logMass(
            (left - center[k]) * inverse[k], (right - center[k]) * inverse[k])
        }
      case .choices(let count):
        let (same, other) = CategoricalKernels.probabilities(
          choices: count, count: stride - 1, priorWeight: options.priorWeight)
        let logSame = log(same)
        let logOther = log(other)
        extra[from] -= log(Double(count))
        for k in 1..<stride { extra[from + k] += values[k] == point ? logSame : logOther }
      }
    }
  }

  /// The u-quantile of a kernel.
  func draw(_ kernel: Int, _ u: Double) -> Double {
    switch form {
    case .smooth(let domain), .slots(let domain, _), .cells(let domain):
      return domain.draw(center: center[kernel], sigma: 1 / inverse[kernel], u)
    case .choices(let count):
      if kernel == 0 { return min(Double(count) * u, Double(count - 1)).rounded(.down) }
      return CategoricalKernels.draw(
        choices: count, count: values.count - 1, priorWeight: options.priorWeight,
        observed: Int(values[kernel]), u)
    }
  }
}

extension Array {
  /// Takes an element out of a list without order: the last one takes its place.
  fileprivate mutating func swapRemove(_ index: Int) {
    self[index] = self[count - 1]
    removeLast()
  }
}
